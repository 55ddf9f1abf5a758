# loader/: what runs on the laptop. Knows nothing of flash or of the agent's inside.
LOADER_LINK    := $(addprefix loader/link/,link.c socket.c tcp.c serial.c serial_find.c port_holder.c \
    usb.c usb_open.c usb_find.c usb_descriptor.c usb_libusb.c usb_redir.c usb_redir_ignored.c)
LOADER_SESSION := $(addprefix loader/session/,session.c choose.c shelf.c jobs.c chatter.c \
    job.c job_rows.c job_meet.c job_send.c job_change.c job_checks.c job_ask.c job_refusal.c job_evidence.c \
    job_silence.c job_chatter.c)
LOADER_RECORD  := $(addprefix loader/record/,folders.c verdict.c trust_store.c receipt_write.c receipt_read.c)
LOADER_DOCTOR  := $(addprefix loader/doctor/,doctor.c doctor_here.c look_ports.c look_folders.c look_trust.c)
LOADER_SHOW    := $(addprefix loader/show/,show.c show_json.c show_facts.c show_facts_json.c log_words.c show_root.c \
    show_finding.c)
LOADER_HOST    := $(LOADER_LINK) $(LOADER_SESSION) $(LOADER_RECORD) $(LOADER_DOCTOR) $(LOADER_SHOW)
LOADER_PROGRAM := loader/suture.c $(wildcard loader/cmd/*.c)
