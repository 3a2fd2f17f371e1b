/** System calls on sockets that nobody reads, made of those that native.ts binds. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { SystemCalls } from './native.ts'
import { descriptorOf } from './sockets.ts'

/** What is known of the other end of a connection. */
export type PeerState = 'there' | 'ended' | 'vanished'

/** A null call is not to be had. */
export interface SocketCalls {
  /** By one poll(2): the state of the peer of each descriptor. */
  readonly pollPeers: ((descriptors: readonly number[]) => PeerState[]) | null
  /** Bytes of kernel memory that a socket's buffers take. */
  readonly socketMemory: ((descriptor: number) => number) | null
}

const POLLERR = 0x8
const POLLHUP = 0x10
const POLLRDHUP = 0x2000
const POLLFD_BYTES = 8
const SOL_SOCKET = 1
const SO_MEMINFO = 55
const MEMINFO_BYTES = 36
const RMEM_ALLOC = 0
const FORWARD_ALLOC = 16
const WMEM_QUEUED = 20
const IPPROTO_TCP = 6
const TCP_NOTSENT_LOWAT = 25
/** Of what the kernel allows for all TCP sockets of the machine. */
const KERNEL_SHARE = 1 / 8
/** With as many connections open, their socket buffers are kept short. */
const MANY_CONNECTIONS = 64
const UNSENT_BYTES_MAX = Buffer.alloc(4)
UNSENT_BYTES_MAX.writeUInt32LE(64 << 10)

/** Null where system calls are not to be had at all. */
export function socketCalls(calls: SystemCalls | null): SocketCalls | null {
  if (calls === null) return null
  const { poll, getsockopt } = calls
  return {
    pollPeers: poll && (descriptors => pollPeers(poll, descriptors)),
    socketMemory: getsockopt && socketMemory(getsockopt),
  }
}

/**
 * Bounds what the kernel takes from us for a peer that does not read; what is on its way does not
 * count, so that a long path is used as before. For one connection of many: a few may have what
 * the kernel gives them. Returns whether the kernel agreed.
 */
export function shortenBuffers(
  socket: Socket,
  openCount: number,
  calls: () => SystemCalls | null,
): boolean {
  if (openCount <= MANY_CONNECTIONS) return false
  const setsockopt = calls()?.setsockopt
  const fd = descriptorOf(socket)
  if (!setsockopt || fd < 0) return false
  return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX, 4) === 0
}

/** The budget for kernel memory of sockets; Infinity where the kernel does not tell its own. */
export function kernelBudgetBytes(pageBytes: number): number {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/tcp_mem', 'latin1')
    const maxPages = Number(text.trim().split(/\s+/)[2])
    return maxPages > 0 ? maxPages * pageBytes * KERNEL_SHARE : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function pollPeers(
  poll: NonNullable<SystemCalls['poll']>,
  descriptors: readonly number[],
): PeerState[] {
  const fds = Buffer.alloc(descriptors.length * POLLFD_BYTES)
  for (const [index, descriptor] of descriptors.entries()) {
    fds.writeInt32LE(descriptor, index * POLLFD_BYTES)
    fds.writeInt16LE(POLLRDHUP, index * POLLFD_BYTES + 4)
  }
  if (poll(fds, descriptors.length, 0) <= 0) return descriptors.map(() => 'there')
  return descriptors.map((_, index) => {
    const events = fds.readInt16LE(index * POLLFD_BYTES + 6)
    if (events & (POLLERR | POLLHUP)) return 'vanished'
    return events & POLLRDHUP ? 'ended' : 'there'
  })
}

function socketMemory(getsockopt: NonNullable<SystemCalls['getsockopt']>) {
  const info = Buffer.alloc(MEMINFO_BYTES)
  const size = Buffer.alloc(4)
  return (descriptor: number): number => {
    size.writeUInt32LE(MEMINFO_BYTES)
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, info, size) !== 0) return 0
    const received = info.readUInt32LE(RMEM_ALLOC)
    return received + info.readUInt32LE(FORWARD_ALLOC) + info.readUInt32LE(WMEM_QUEUED)
  }
}
