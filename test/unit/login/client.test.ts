import { connect, createServer, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { askClient } from "../../../src/login/ask-client.ts";
import { clientOf, parseEndpoint, parseSshConnection, plainAddress } from "../../../src/login/client.ts";
import { clientOfSshds } from "../../../src/login/login.ts";
import { server } from "../../support/real-terminals.ts";

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const it of open.splice(0)) "destroy" in it ? it.destroy() : it.close();
});

test("addresses of /proc/net/tcp and tcp6", () => {
  expect(parseEndpoint("0100007F:1F90")).toEqual({ address: "127.0.0.1", port: 8080 });
  expect(parseEndpoint("00000000000000000000000001000000:0016")).toEqual({ address: "::1", port: 22 });
  expect(parseEndpoint("B80D01200000000067452301EFCDAB89:FFFF")).toEqual({
    address: "2001:db8::123:4567:89ab:cdef",
    port: 65535,
  });
  expect(parseEndpoint("0000000000000000FFFF00000100007F:0016")).toEqual({
    address: "127.0.0.1",
    port: 22,
  });
  for (const bad of ["", ":", "0100007F", "0100007F:", "0100007G:0016", "0100007F:00161"])
    expect(parseEndpoint(bad)).toBeUndefined();
});

test("one spelling for each address", () => {
  expect(plainAddress("[::ffff:10.1.2.3]")).toBe("10.1.2.3");
  expect(plainAddress("[fe80::1%eth0]")).toBe("fe80::1");
  expect(plainAddress("2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
  expect(plainAddress("10.1.2.3")).toBe("10.1.2.3");
});

test("SSH_CONNECTION is believed only when it is exactly that", () => {
  expect(parseSshConnection("::ffff:10.0.0.1 55000 10.0.0.2 22")).toEqual({
    address: "10.0.0.1",
    port: 55000,
    serverAddress: "10.0.0.2",
    serverPort: 22,
  });
  for (const bad of [
    "",
    "UNKNOWN 65535 UNKNOWN 65535",
    "gateway 55000 10.0.0.2 22",
    "10.0.0.1 55000 10.0.0.2",
    "10.0.0.1 55000 10.0.0.2 22 x",
    "10.0.0.1 99999 10.0.0.2 22",
    "10.0.0.1 5\n5 10.0.0.2 22",
    "10.0.0.1 55000 10.0.0.2;id 22",
  ])
    expect(parseSshConnection(bad)).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      const client = parseSshConnection(text);
      expect(client === undefined || /^[0-9a-f.:]+$/.test(client.address)).toBe(true);
    }),
  );
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
])("the peer of a real connection over %s", async (host, address) => {
  const server = createServer((socket) => open.push(socket));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, host.startsWith("::") ? "::" : host, resolve));
  const { port } = server.address() as { port: number };
  const socket = connect(port, host);
  open.push(socket);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  // The first connection among this process's descriptors: as seen from the connecting side, the server is the peer.
  const client = { address, port, serverAddress: address, serverPort: socket.localPort };
  expect(clientOf(process.pid)).toEqual(client);
  expect(askClient(process.pid)).toEqual(client);
});

test("root asks the socket of an sshd, and reads no list of all that the host has", async () => {
  const listener = createServer((socket) => open.push(socket));
  open.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const socket = connect((listener.address() as { port: number }).port, "127.0.0.1");
  open.push(socket);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const table = () => expect.fail("the list was read");
  const privileged = { ref: server(), uid: 0, title: "" };
  expect(clientOfSshds({ privileged }, table)?.address).toBe("127.0.0.1");
});

test("a listener has no client, nor has a process that is gone", async () => {
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  for (const ask of [clientOf, askClient]) {
    expect(ask(process.pid)).toBeUndefined();
    expect(ask(2 ** 22 + 1)).toBeUndefined();
  }
});
