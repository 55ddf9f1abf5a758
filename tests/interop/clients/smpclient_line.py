"""A command line for smpclient in COBS frames: PORT list | upload FILE | test HASH | confirm | erase | reset."""
import asyncio
import json
import sys
from pathlib import Path

from smpclient import SMPClient
from smpclient.generics import error, success
from smpclient.requests.image_management import ImageErase, ImageStatesRead, ImageStatesWrite
from smpclient.requests.os_management import ResetWrite
from smpclient.transport.serial import SMPSerialRawTransport
from smpclient.transport.serial.framing.cobs import Cobs


async def main(port: str, verb: str, *arguments: str) -> None:
    async with SMPClient(SMPSerialRawTransport(framing=Cobs()), port) as client:
        if verb == "upload":
            async for _ in client.upload(Path(arguments[0]).read_bytes()):
                pass
            return
        request = {
            "list": lambda: ImageStatesRead(),
            "test": lambda: ImageStatesWrite(hash=bytes.fromhex(arguments[0]), confirm=False),
            "confirm": lambda: ImageStatesWrite(confirm=True),
            "erase": lambda: ImageErase(),
            "reset": lambda: ResetWrite(),
        }[verb]()
        answer = await client.request(request)
        if error(answer):
            sys.exit(str(answer))
        if verb == "list" and success(answer):
            keys = ("version", "pending", "confirmed", "active")
            print(json.dumps([{key: getattr(image, key) for key in keys} | {"hash": image.hash.hex()}
                              for image in answer.images]))


asyncio.run(main(*sys.argv[1:]))
