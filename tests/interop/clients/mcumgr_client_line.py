"""The command line of mcumgr-client's library: PORT list | upload FILE | test HASH | confirm HASH | erase | reset."""
import json
import sys

import mcumgr_client

port, verb, *arguments = sys.argv[1:]
session = mcumgr_client.SerialSession(port, initial_timeout_s=5)
try:
    if verb == "list":
        images = session.list()
        for image in images:
            image["hash"] = bytes(image["hash"]).hex()
        print(json.dumps(images))
    elif verb == "upload":
        session.upload(arguments[0], slot=1)
    elif verb in ("test", "confirm"):
        session.test(list(bytes.fromhex(arguments[0])), confirm=verb == "confirm")
    elif verb == "erase":
        session.erase()
    elif verb == "reset":
        session.reset()
    else:
        sys.exit(f"no verb {verb}")
except RuntimeError as error:
    sys.exit(str(error).splitlines()[0])
