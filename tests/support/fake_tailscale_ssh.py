#!/usr/bin/python3
"""An SSH server that does what tailscaled's does where that differs from sshd. Arguments: PORT HOST_KEY.

Not Tailscale's: that needs a tailnet, and a newer Go than Debian has. Written from what tailscaled 1.102.5
and tailscale.com/cmd/ssh-auth-none-demo were seen to do:
- it introduces itself as "Tailscale", and lets in by the method "none" whoever its policy allows;
- whom it does not allow gets a banner, and the connection is closed without a refusal (user "denyme");
- whom it wants to ask first gets a banner with a URL, and waits (user "checkme");
- it ignores the request "signal", and a command goes on when its channel or its connection is closed.
"""
import asyncio
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def connection_made(self, conn):
        self.conn = conn

    def begin_auth(self, username):
        if username == "denyme":
            self.conn.send_auth_banner("tailnet policy does not permit you to SSH\r\nas user \x1b[31m\"denyme\"\n")
            return self.hang_up()
        if username == "checkme":
            self.conn.send_auth_banner("# To authenticate, visit: https://login.example/a/123\r\n")
            return asyncio.get_running_loop().create_future()
        return False


    async def hang_up(self):
        # The library's own ways to close say goodbye, or drop the banner.
        self.conn._transport.close()
        await asyncio.Event().wait()


async def copy(source, sink):
    while piece := await source.read(32768):
        sink.write(piece)
        await sink.drain()


async def serve_command(process):
    command = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command, start_new_session=True, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)

    async def give_input():
        try:
            await copy(process.stdin, command.stdin)
        except (OSError, asyncssh.Error):
            pass
        command.stdin.close()

    given = asyncio.ensure_future(give_input())
    try:
        await asyncio.gather(copy(command.stdout, process.stdout), copy(command.stderr, process.stderr))
    except (OSError, asyncssh.Error):
        pass  # whoever listened has gone; the command has not
    status = await command.wait()
    given.cancel()
    process.exit(status if status >= 0 else 128 - status)


async def main(port, host_key):
    await asyncssh.create_server(Server, "127.0.0.1", int(port), server_host_keys=[host_key], encoding=None,
                                 server_version="Tailscale", process_factory=serve_command)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
