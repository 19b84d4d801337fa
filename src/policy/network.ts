// Addresses and networks. Node's module for them is loaded when a policy names some: it takes longer to load than a check.
import { isNegated, positive } from "./pattern.ts";

/** An address or a network, ready for a BlockList. */
interface Network {
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  readonly bits: number;
}

const MAPPED_BITS = 96;

/**
 * Reads an address or a network in CIDR form, IPv4 or IPv6; `undefined` when it is neither. An address in `::ffff:0:0/96`, which is how
 * a socket for both families writes IPv4 (RFC 4291 section 2.5.5.2), is read as that IPv4 address.
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", bitsText, ...more] = text.split("/");
  const version = process.getBuiltinModule("node:net").isIP(address);
  if (version === 0 || address.includes("%") || more.length > 0) return undefined;
  const mostBits = version === 4 ? 32 : 128;
  if (bitsText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? mostBits : Number(bitsText);
  if (bits > mostBits) return undefined;
  const mapped = version === 6 && bits >= MAPPED_BITS ? mappedAddress(address) : undefined;
  if (mapped) return { family: "ipv4", address: mapped, bits: bits - MAPPED_BITS };
  return { family: version === 4 ? "ipv4" : "ipv6", address, bits };
}

/** Whether a list of addresses and networks fits an address. An exception (`!10.0.0.0/8`) that fits beats all others. */
export function fitsNetworks(address: string, entries: readonly string[]): boolean {
  const within = (isException: boolean) =>
    isWithin(address, entries.filter((entry) => isNegated(entry) === isException).map(positive));
  return !within(true) && within(false);
}

/** Whether an address is in one of the networks. Bits of a network after its prefix do not count; a zone (`%eth0`) is ignored. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const client = parseNetwork(address.replace(/%.*/, ""));
  if (!client) return false;
  const { BlockList } = process.getBuiltinModule("node:net");
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    // A BlockList itself also finds IPv4 clients in `::/0`.
    if (network?.family === client.family) list.addSubnet(network.address, network.bits, network.family);
  }
  return list.check(client.address, client.family);
}

/** The IPv4 address inside an IPv4-mapped IPv6 address, in any notation. */
function mappedAddress(address: string): string | undefined {
  const { SocketAddress } = process.getBuiltinModule("node:net");
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1];
}
