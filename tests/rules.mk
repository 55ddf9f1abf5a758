# tests/: every way the house is proven. A test program is one file test_*.c (cmocka) or test_*.sh (a story that prints
# "ok NAME" or "not ok NAME" lines); the former take from support/ what they use.

TEST_LIBS_keys      = $(LIB_KEYS)
TEST_LIBS_manifests = $(LIB_MANIFESTS) $(TEST_LIBS_keys)
TEST_LIBS_protocol  = $(LIB_PROTOCOL) $(TEST_LIBS_manifests)
TEST_LIBS_agent     = $(LIB_AGENT) $(TEST_LIBS_protocol)
TEST_LIBS_linux     = $(LIB_LINUX) $(TEST_LIBS_agent)
TEST_LIBS_hw-sim    = $(LIB_SIM) $(TEST_LIBS_agent)
TEST_LIBS_loader    = $(LIB_LOADER) $(TEST_LIBS_hw-sim)
TEST_FOLDERS       := keys manifests protocol agent linux hw-sim loader
test_libs           = $(or $(TEST_LIBS_$(firstword $(subst /, ,$(patsubst tests/unit/%,%,$(1))))),$(TEST_LIBS_loader))

TEST_SOURCES   := $(sort $(wildcard tests/unit/*/test_*.c tests/vectors/test_*.c tests/power/test_*.c tests/e2e/test_*.c))
TEST_PROGRAMS  := $(patsubst %.c,$(B)/%,$(TEST_SOURCES))
TEST_STORIES   := $(sort $(wildcard tests/unit/*/test_*.sh tests/e2e/test_*.sh tests/device/test_*.sh tests/fuzz/test_*.sh))
# what stories run beside the programs themselves
STORY_HELPERS  := $(B)/tests/e2e/liar
FUZZ_SHORT     := $(patsubst tests/fuzz/%.c,$(B)/fuzz/short/%,$(wildcard tests/fuzz/fuzz_*.c))
# an archive: a test of a low folder isn't linked with helpers that need a higher one
LIB_SUPPORT    := $(B)/libsupport.a
$(LIB_SUPPORT): $(call objects,$(sort $(wildcard tests/support/*.c)))
unit_programs   = $(filter $(B)/tests/unit/$(1)/%,$(TEST_PROGRAMS))
unit_stories    = $(filter tests/unit/$(1)/%,$(TEST_STORIES))

.SECONDEXPANSION:
$(B)/tests/%: $(B)/obj/tests/%.o $(LIB_SUPPORT) $$(call test_libs,tests/%)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDHARDEN) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(LIB_SUPPORT) $(call test_libs,tests/$*) -Wl,--end-group $(PKG_LIBS) -lcmocka $(LDFLAGS)

# ECDSA is pure; most of a power proof would be the same few verifications (tests/support/remembered_p256.c)
$(B)/tests/power/%: LDFLAGS += -Wl,--wrap=p256_verify,--wrap=p256_sign

test: ## install what is missing, build, run every test; SAN=1 with sanitizers
	@tests/deps.sh build test
	@$(MAKE) --no-print-directory run-tests

run-tests: $(PROGRAMS) $(TEST_PROGRAMS) $(STORY_HELPERS) $(FUZZ_SHORT) $(if $(SAN),,device)
	@B=$(B) tests/run.sh $(TEST_PROGRAMS) $(TEST_STORIES)

$(B)/tests/unit/linux/%: LDFLAGS += -lubootenv -laio

# programs that a folder's stories run
STORY_PROGRAMS_keys      = $(B)/suture-key
STORY_PROGRAMS_manifests = $(B)/suture-key $(B)/suture-bundle

# one folder's unit tests: make check-keys, check-manifests, check-protocol, check-agent, check-hw-sim, check-loader
$(addprefix check-,$(TEST_FOLDERS)): check-%: $$(call unit_programs,%) $$(STORY_PROGRAMS_%)
	@B=$(B) tests/run.sh $(call unit_programs,$*) $(call unit_stories,$*)
check-keys: $(B)/suture-key
check-power: $(filter $(B)/tests/power/%,$(TEST_PROGRAMS))
	@B=$(B) tests/run.sh $^

demo: ## the whole way as a story: keys, bundles, updates, power cuts, refusals, receipts
	@tests/deps.sh build demo
	@$(MAKE) --no-print-directory all
	@B=$(B) tests/demo.sh

# ---- device code a second time, freestanding: no heap, no stdio, no libc beyond string.h
DEVICE_CC      ?= arm-none-eabi-gcc
DEVICE_OBJECTS  = $(patsubst %.c,$(B)/device/%.o,$(DEVICE_SOURCES) agent/ports/example/port.c)
DEVICE_FLAGS    = -std=c11 -mcpu=cortex-m3 -mthumb -Os -ffreestanding -nostdinc -fstack-usage -ffunction-sections \
    -isystem $(shell $(DEVICE_CC) -print-file-name=include) -isystem tests/device/include \
    -include tests/device/forbidden.h $(WARNINGS) -MMD -MP

device_command = $(DEVICE_CC) $(DEVICE_FLAGS) -I$(B)/see/$(1)
$(B)/device/%.o: %.c
	@mkdir -p $(@D)
	$(say) ARM $<
	$(Q)$(call device_command,$(call view_of,$*)) -c $< -o $@
-include $(shell test -d $(B)/device && find $(B)/device -name '*.d')

device: $(DEVICE_OBJECTS)

# how a source of FOLDER is compiled, for stories about what must not compile: make -s host-command FOLDER=keys
host-command device-command: %-command:
	@echo '$(call $*_command,$(FOLDER))'

size: device ## flash, RAM and the largest stack frame of each device source
	@B=$(B) tests/device/size.sh $(DEVICE_OBJECTS)

lint: ## formatting, static analysis, and the rules of the house
	@tests/deps.sh build test lint
	@$(MAKE) --no-print-directory all
	@B=$(B) tests/lint.sh

mutants: ## plant mistakes in a copy of the agent, one by one; the tests must catch each
	@tests/deps.sh build test
	@B=$(B) tests/power/mutants.sh $(NAMES)

# ---- measurements: a table for people, build/bench/NAME.json for machines; docs/bench.md says what they mean
$(B)/tests/bench/link: $(call objects,tests/bench/rivals.c tests/bench/real_line.c)

bench-link: ## how much of a serial line uploads use, and what losses cost: build/bench/link.json
	@tests/deps.sh build test
	@$(MAKE) --no-print-directory $(B)/suture-sim $(B)/tests/bench/link
	@B=$(B) $(B)/tests/bench/link

bench-install: ## an installation by suture-agent beside dd, RAUC and SWUpdate (needs root): build/bench/install.json
	@tests/deps.sh build test bench
	@$(MAKE) --no-print-directory all
	@B=$(B) tests/bench/install.sh

test-interop: ## other people's SMP clients against simulated pumps on serial lines
	@tests/deps.sh build test interop
	@$(MAKE) --no-print-directory all
	@B=$(B) tests/run.sh tests/interop/run.sh tests/e2e/test_schema.sh

# ---- fuzzing: everything built once more with clang, coverage and sanitizers
FUZZ_SECONDS ?= 600
FUZZ_FLAGS   := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_TARGETS  = $(patsubst tests/fuzz/%.c,$(B)/fuzz/bin/%,$(wildcard tests/fuzz/fuzz_*.c))
# these are of the Linux agent, whose libraries the others don't need
TEST_LIBS_fuzz = $(LIB_LINUX) $(TEST_LIBS_loader)
$(foreach t,linux gadget,$(B)/fuzz/bin/fuzz_$(t) $(B)/fuzz/short/fuzz_$(t)): LDFLAGS += -lubootenv -laio
$(B)/fuzz/bin/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/fuzz.o $(LIB_SUPPORT) $(TEST_LIBS_fuzz)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	    $(PKG_LIBS) -lcmocka $(LDFLAGS)
fuzz-targets: $(FUZZ_TARGETS)

# the same targets with a driver of our own, for the short run in `make test`
$(B)/fuzz/short/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/fuzz.o $(B)/obj/tests/fuzz/short.o $(LIB_SUPPORT) $(TEST_LIBS_fuzz)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS_ALL) $(LDHARDEN) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	    $(PKG_LIBS) -lcmocka $(LDFLAGS)
check-fuzz: $(PROGRAMS) $(FUZZ_SHORT)
	@B=$(B) tests/run.sh tests/fuzz/test_fuzz.sh

fuzz: ## every parser of outside bytes under libFuzzer, FUZZ_SECONDS=600 over all
	@tests/deps.sh build test fuzz
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory B=$(B)/fuzzing CC=clang WERROR= CFLAGS="-O1 -Wno-unknown-warning-option $(FUZZ_FLAGS)" fuzz-targets
	@B=$(B) tests/fuzz/run.sh $(FUZZ_SECONDS) $(B)/fuzzing/fuzz/bin/fuzz_*

include tests/vm/rules.mk

SUITES ?= bookworm trixie
test-fresh: ## `make demo` and `make test` in minimal Debian roots, from a clone (needs root)
	@tests/deps.sh fresh
	@tests/fresh/run.sh $(SUITES)

.PHONY: test bench-link bench-install fuzz fuzz-targets test-interop run-tests demo device host-command device-command size lint test-fresh mutants check-fuzz check-power $(addprefix check-,$(TEST_FOLDERS))
.SECONDARY:
