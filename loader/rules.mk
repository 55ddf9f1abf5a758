# loader/: what runs on the laptop. Knows nothing of flash or of the agent's inside.
LOADER_HOST    := $(addprefix loader/,link/link.c link/socket.c link/tcp.c link/serial.c link/serial_find.c link/port_holder.c \
    link/usb_descriptor.c link/usb.c link/usb_open.c link/usb_find.c link/usb_libusb.c link/usb_redir.c link/usb_redir_ignored.c \
    session/session.c session/choose.c session/shelf.c session/job.c session/jobs.c session/job_silence.c session/chatter.c session/job_chatter.c session/job_rows.c session/job_meet.c session/job_send.c \
    session/job_change.c session/job_checks.c session/job_ask.c session/job_refusal.c session/job_evidence.c \
    record/folders.c record/verdict.c record/trust_store.c record/receipt_write.c record/receipt_read.c \
    doctor/doctor.c doctor/doctor_here.c doctor/look_ports.c doctor/look_folders.c doctor/look_trust.c \
    show/show.c show/show_json.c show/show_facts.c show/show_facts_json.c show/log_words.c show/show_root.c show/show_finding.c)
LOADER_PROGRAM := loader/suture.c $(wildcard loader/cmd/*.c)
