/* What the example port expects of a device's existing firmware: functions that nearly every board package and every
 * clinical application already has in some form. port.c joins them to the agent; docs/port.md walks through it. */
#ifndef SUTURE_AGENT_PORTS_EXAMPLE_PORT_H
#define SUTURE_AGENT_PORTS_EXAMPLE_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXAMPLE_FRAME       2048u /* bytes of the largest packet */
#define EXAMPLE_WIRE_FRAME  2816u /* bytes of it on the wire as console lines: 127 for each 93, rounded up */
#define EXAMPLE_UART_BUFFER (2 * EXAMPLE_WIRE_FRAME) /* bytes that arrived and wait for board_uart_read */

/* ---- board package. Flash addresses in bytes from the flash's start; 0 when done, anything else when not; each returns
 * when the chip is idle again. */
int board_flash_read(uint32_t at, void *data, size_t size); /* an ECC error is an answer, never a fault */
int board_flash_program(uint32_t at, const void *data,
                        size_t size); /* whole 8-byte double words, erased before */
int board_flash_erase(uint32_t at);   /* the 4 KiB sector that begins there */
uint64_t board_milliseconds(void);    /* since reset, steady */
size_t board_uart_read(uint8_t *data,
                       size_t capacity); /* what has arrived; does not wait; keeps EXAMPLE_UART_BUFFER */
size_t board_uart_room(void);            /* bytes that a write takes without waiting */
void board_uart_write(const uint8_t *data, size_t size);
uint8_t board_reset_cause(void);                  /* any code of the board's own */
void board_watchdog_start(uint32_t milliseconds); /* can't be stopped again */
void board_watchdog_feed(void);
_Noreturn void board_reset(void);
/* Makes the image at `at` appear where it is linked (a bank swap, a remap, or a copy to RAM), sets vector table and stack,
 * and jumps. */
_Noreturn void board_run_image(uint32_t at);
/* ES256 over `message` with the device's key (a secure element, or a library); 0 when done. */
int board_sign(const uint8_t private_key[32], const uint8_t *message, size_t size, uint8_t signature[64]);

/* ---- clinical application */
bool clinic_therapy_running(void);
bool clinic_patient_attached(void);
bool clinic_alarm_active(void);
bool clinic_service_mode(void); /* entered with a key or a menu; survives a reset */
bool clinic_on_mains(void);
uint8_t clinic_battery_percent(void); /* 255: no battery */
void clinic_forbid_therapy(bool forbidden);
enum clinic_test { CLINIC_TEST_RUNNING, CLINIC_TEST_PASSED, CLINIC_TEST_FAILED };
enum clinic_test clinic_self_test(uint16_t *code); /* of this power-on; does not wait; `code` of a failure */
size_t clinic_settings(const uint8_t **settings);  /* the bytes that both images share; 0: none */

/* ---- what port.c offers */
/* The boot loader's main: runs a slot, or stays and answers in recovery. */
_Noreturn void example_boot(void);
/* The application's side: once after reset, then from its main loop, at least every ten milliseconds. */
void example_start(void);
void example_poll(void);

#endif
