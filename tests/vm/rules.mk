# tests/vm/: stories inside a small machine under QEMU, with Debian's kernel and a disk that forgets.
VM := $(B)/vm
VM_STORIES := $(sort $(wildcard tests/vm/test_*.sh))

$(VM)/forgetful.so: tests/vm/disk/forgetful.c | $(B)/see/.made
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(call host_command,tests) -fPIC -shared -o $@ $<
-include $(wildcard $(VM)/*.d)

# from Debian's package; a newer one replaces it
.PHONY: vm-kernel
vm-kernel:
	@tests/vm/kernel.sh $(VM)/kernel
$(VM)/guest.cpio: $(PROGRAMS) tests/vm/guest.sh tests/vm/guest/init | vm-kernel
	$(say) GUEST $@
	@tests/vm/guest.sh $(VM)/kernel $@ $(PROGRAMS) $(VM_GUEST_FILES)

# what comes from Debian's archive into the guest, besides the kernel
VM_GUEST_FILES = $(shell command -v dfu-util)

test-vm: ## real USB, real disks and power cuts in a machine under QEMU (no KVM needed)
	@tests/deps.sh build test
	@tests/vm/run.sh $(VM_STORIES)
run-vm: $(VM)/guest.cpio $(VM)/forgetful.so

.PHONY: test-vm run-vm
