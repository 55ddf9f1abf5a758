# keys/: the cellar (base/), signatures and trust. Knows nothing of updates or devices.
KEYS_DEVICE  := $(addprefix keys/,base/span.c base/bytes.c base/status.c base/crc16.c base/cbor_read.c base/cbor_write.c \
    digest.c cose.c cose_sign.c trust.c published.c document.c root.c certificate.c)
# device code in whose place hosts have an adapter
KEYS_BOARD   := keys/base/crc32.c
KEYS_HOST    := $(addprefix keys/,base/failure.c base/failure_rows.c base/command.c base/command_help.c base/command_man.c \
    base/command_completion.c base/file.c base/hex.c base/steady.c base/stream.c base/unix_socket.c \
    random.c p256_sign.c root_write.c uuid.c keyfile.c signer.c process.c notation.c root_file.c credentials.c)
KEYS_ADAPTER := $(addprefix keys/,crc32_zlib.c digest_nettle.c p256_mbedtls.c pem_mbedtls.c compat_mbedtls.c)
KEYS_PROGRAM := $(wildcard keys/suture_key.c keys/cmd_*.c)
