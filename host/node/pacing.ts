/**
 * Congestion control for connections that never leave the machine.
 *
 * A kernel whose default is BBR paces what it sends: behind every 64 KiB it arms a timer, which on
 * a virtual machine is an exit to the hypervisor, 25 us each. Where reader and broker share a
 * machine there is no path to spare, so such a connection gets Reno, which does not pace; every
 * kernel has it and lets anyone choose it. Measured: docs/decisions/0004.
 */
import type { Socket } from 'node:net'
import type { SystemCalls } from './native.ts'
import { descriptorOf } from './sockets.ts'

const IPPROTO_TCP = 6
const TCP_CONGESTION = 13
const UNPACED = Buffer.from('reno')

/**
 * For a socket whose ends are both here. Returns whether the kernel agreed; if not, only speed is
 * lost.
 */
export function stopPacing(socket: Socket, calls: SystemCalls | null): boolean {
  const fd = descriptorOf(socket)
  if (!calls?.setsockopt || fd < 0) return false
  return calls.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, UNPACED, UNPACED.length) === 0
}
