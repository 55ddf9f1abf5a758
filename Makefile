# Suture: the map of the house. One rules.mk a folder names its sources; this file says how they become programs,
# and which folder may include which. `make help` explains the targets.

B      ?= build
PREFIX ?= /usr/local
SAN    ?=
WERROR ?= -Werror
ifneq ($(SAN),)
B      := $(B)/san
endif

# ---- what each folder may see (the arrows of docs/design.md). FOLDER: a link name for each folder it may include.
SEE_keys      := keys
SEE_manifests := keys manifests
SEE_protocol  := keys manifests agent/protocol
SEE_agent     := keys manifests agent
SEE_loader    := keys manifests agent/protocol loader
SEE_hw-sim    := keys manifests agent hw-sim
SEE_tests     := keys manifests agent loader hw-sim tests
VIEWS         := keys manifests protocol agent loader hw-sim tests
# Made while this file is read: were they made anew by a rule, make would look at headers through links that come and go.
see_links      = $(foreach v,$(VIEWS),$(foreach f,$(SEE_$(v)),mkdir -p $(B)/see/$(v)/$(dir $(f)) && ln -s $(CURDIR)/$(f) $(B)/see/$(v)/$(f) &&))
see_text      := $(CURDIR) $(foreach v,$(VIEWS),$(v): $(SEE_$(v));)
ifneq ($(MAKECMDGOALS),clean)
$(shell [ "$$(cat $(B)/see/.made 2>/dev/null)" = "$(see_text)" ] || { rm -rf $(B)/see && $(see_links) echo "$(see_text)" >$(B)/see/.made; })
endif

# ---- source lists: X_DEVICE is also built for the device, X_HOST may allocate, X_ADAPTER talks to a library
include keys/rules.mk manifests/rules.mk agent/rules.mk hw-sim/rules.mk loader/rules.mk

DEVICE_SOURCES := $(KEYS_DEVICE) $(KEYS_BOARD) $(MANIFESTS_DEVICE) $(PROTOCOL_DEVICE) $(AGENT_DEVICE)

# ---- compiler
# each program is linked with what it calls and nothing else; tests with what the loader calls
USES_suture-key    := nettle
USES_suture-bundle := libarchive libcyaml jansson nettle zlib
USES_suture-sim    := $(USES_suture-bundle) libusbredirparser-0.5
USES_suture        := $(USES_suture-bundle) libusb-1.0 libusbredirparser-0.5
USES_suture-agent  := libcyaml jansson nettle zlib libubootenv
ALSO_suture-bundle := -lm
ALSO_suture        := -lm
ALSO_suture-agent  := -laio
# pkg-config is asked only when something is compiled: `make deps` must run without it
PKG_CFLAGS = $(shell pkg-config --cflags $(USES_suture))
PKG_LIBS   = $(call libs_of,suture)
libs_of    = $(shell pkg-config --libs $(USES_$(1))) $(ALSO_$(1)) -lmbedcrypto
CC        ?= cc
WARNINGS  := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wno-format-truncation $(WERROR)
OPTIMIZE  := -O2 -g -fno-strict-aliasing
HARDEN    := -fstack-protector-strong -fPIE
LDHARDEN  := -pie -Wl,-z,relro,-z,now
ifeq ($(SAN),)
HARDEN    += -D_FORTIFY_SOURCE=2
else
OPTIMIZE  := -O1 -g -fno-strict-aliasing -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE $(WARNINGS) $(OPTIMIZE) $(HARDEN) -MMD -MP $(CFLAGS)

# ---- programs
PROGRAMS := $(addprefix $(B)/,suture suture-bundle suture-key suture-sim suture-agent)
.DEFAULT_GOAL := all
all: $(PROGRAMS)

LIB_KEYS      := $(B)/libkeys.a
LIB_MANIFESTS := $(B)/libmanifests.a
LIB_PROTOCOL  := $(B)/libprotocol.a
LIB_AGENT     := $(B)/libagent.a
LIB_LINUX     := $(B)/liblinux.a
LIB_LOADER    := $(B)/libloader.a
LIB_SIM       := $(B)/libhw-sim.a
objects        = $(patsubst %.c,$(B)/obj/%.o,$(1))

$(LIB_KEYS):      $(call objects,$(KEYS_DEVICE) $(KEYS_HOST) $(KEYS_ADAPTER))
$(LIB_MANIFESTS): $(call objects,$(MANIFESTS_DEVICE) $(MANIFESTS_HOST) $(MANIFESTS_ADAPTER))
$(LIB_PROTOCOL):  $(call objects,$(PROTOCOL_DEVICE))
$(LIB_AGENT):     $(call objects,$(AGENT_DEVICE))
$(LIB_LINUX):     $(call objects,$(AGENT_LINUX_HOST))
$(LIB_LOADER):    $(call objects,$(LOADER_HOST))
$(LIB_SIM):       $(call objects,$(SIM_HOST))
$(B)/lib%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/suture-key:    $(call objects,$(KEYS_PROGRAM)) $(LIB_KEYS)
$(B)/suture-bundle: $(call objects,$(MANIFESTS_PROGRAM)) $(LIB_MANIFESTS) $(LIB_KEYS)
$(B)/suture-sim:    $(call objects,$(SIM_PROGRAM)) $(LIB_SIM) $(LIB_AGENT) $(LIB_PROTOCOL) $(LIB_MANIFESTS) $(LIB_KEYS)
$(B)/suture-agent:  $(call objects,$(AGENT_LINUX_PROGRAM)) $(LIB_LINUX) $(LIB_AGENT) $(LIB_PROTOCOL) $(LIB_MANIFESTS) $(LIB_KEYS)
$(B)/suture:        $(call objects,$(LOADER_PROGRAM)) $(LIB_LOADER) $(LIB_PROTOCOL) $(LIB_MANIFESTS) $(LIB_KEYS)
$(PROGRAMS):
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDHARDEN) -o $@ $^ $(call libs_of,$(@F)) $(LDFLAGS)

# ---- one rule: every source is compiled with the include view of its folder and nothing else
Q       := $(if $(V),,@)
say      = @printf '  %-6s %s\n'
view_of  = $(if $(filter agent/protocol/%,$(1)),protocol,$(firstword $(subst /, ,$(1))))
host_command = $(CC) $(CFLAGS_ALL) $(PKG_CFLAGS) -I$(B)/see/$(1)
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(call host_command,$(call view_of,$*)) -c $< -o $@

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')

include tests/rules.mk

# ---- what a person types
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile tests/rules.mk tests/vm/rules.mk
	@echo "  make check-FOLDER  the unit tests of one folder, in seconds: $(TEST_FOLDERS)"
	@echo "  variables: B=DIR (build), SAN=1 (address + undefined), V=1 (show commands), PREFIX=, DESTDIR="

deps: ## install what is missing to build and test (Debian 12, Debian 13)
	@tests/deps.sh

docs: all ## man pages and completion of shells, which the programs make from their command tables
	@cd $(B) && mkdir -p share/man/man1 share/bash-completion/completions share/zsh/site-functions share/fish/vendor_completions.d
	@cd $(B) && for program in $(notdir $(PROGRAMS)); do \
	    ./$$program help --man >share/man/man1/$$program.1 && \
	    ./$$program help --completion bash >share/bash-completion/completions/$$program && \
	    ./$$program help --completion zsh >share/zsh/site-functions/_$$program && \
	    ./$$program help --completion fish >share/fish/vendor_completions.d/$$program.fish || exit 1; done

install: docs ## install programs and documents under DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/suture $(DESTDIR)$(PREFIX)/share/suture/profiles
	install -m 0755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 0644 README.md LICENSE docs/*.md $(DESTDIR)$(PREFIX)/share/doc/suture
	install -d $(DESTDIR)$(PREFIX)/share/doc/suture/schema
	install -m 0644 docs/schema/*.json $(DESTDIR)$(PREFIX)/share/doc/suture/schema
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@PREFIX@,$(PREFIX),g' agent/ports/linux/suture-agent.service.in >$(DESTDIR)$(PREFIX)/lib/systemd/system/suture-agent.service
	install -m 0644 hw-sim/profiles/*.yaml $(DESTDIR)$(PREFIX)/share/suture/profiles
	install -D -m 0644 loader/70-suture.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/70-suture.rules
	for page in $$(cd $(B)/share && find . -type f); do \
	    install -D -m 0644 $(B)/share/$$page $(DESTDIR)$(PREFIX)/share/$$page || exit 1; done

clean: ## remove the build
	rm -rf $(B)

.PHONY: all help deps docs install clean
.DELETE_ON_ERROR:
