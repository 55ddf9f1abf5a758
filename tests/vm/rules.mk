# tests/vm/: stories inside a small machine under QEMU, with Debian's kernel and a disk that forgets.
VM := $(B)/vm
VM_STORIES := $(sort $(wildcard tests/vm/test_*.sh))

# ---- what runs beside a guest
$(VM)/forgetful.so $(VM)/witness.so: $(VM)/%.so: tests/vm/disk/%.c
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(call host_command,tests) -fPIC -shared -o $@ $<
-include $(wildcard $(VM)/*.d)

VM_LINK = $(CC) $(CFLAGS_ALL) $(LDHARDEN) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
    $(PKG_LIBS) -laio -lcmocka $(LDFLAGS)
$(VM)/proof: LDFLAGS += -Wl,--wrap=p256_verify,--wrap=p256_sign
$(VM)/proof: $(call objects,tests/vm/disk/proof.c tests/vm/disk/replay.c) $(LIB_SUPPORT)
$(VM)/bare_gadget $(VM)/bare_bulk $(VM)/smp_bulk $(VM)/smp_sink: $(VM)/%: $(B)/obj/tests/vm/usb/%.o
VM_PROGRAMS := $(addprefix $(VM)/,bare_gadget bare_bulk smp_bulk smp_sink)
$(VM)/proof $(VM_PROGRAMS): $(LIB_LINUX) $(TEST_LIBS_loader)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(VM_LINK)

# ---- the guest. Debian's kernel comes from its package; a newer one replaces it
.PHONY: vm-kernel
vm-kernel:
	@tests/vm/kernel.sh $(VM)/kernel
# what comes from Debian's archive into the guest, besides the kernel
VM_GUEST_FILES = $(foreach program,dfu-util socat,$(shell command -v $(program)))
$(VM)/guest.cpio: $(PROGRAMS) $(VM_PROGRAMS) $(VM)/witness.so tests/vm/guest.sh tests/vm/guest/init tests/vm/rules.mk | vm-kernel
	$(say) GUEST $@
	@tests/vm/guest.sh $(VM)/kernel $@ $(PROGRAMS) $(VM_PROGRAMS) $(VM)/witness.so:lib/witness.so $(VM_GUEST_FILES)

test-vm: ## real USB, real disks and power cuts in a machine under QEMU (no KVM needed)
	@tests/deps.sh build test
	@tests/vm/run.sh $(VM_STORIES)
run-vm: $(VM)/guest.cpio $(VM)/forgetful.so $(VM)/proof

bench-usb: ## SMP over USB beside a bare loop of libusb in the same guest, over usbredir, and DFU: build/bench/usb.json
	@tests/deps.sh build test vm
	@$(MAKE) --no-print-directory run-vm $(B)/tests/bench/redir_bulk
	@B=$(B) tests/vm/bench_usb.sh

.PHONY: test-vm run-vm bench-usb
