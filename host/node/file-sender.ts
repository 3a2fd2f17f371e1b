import type { Socket } from 'node:net'
import type { FileRange } from '../host.ts'
import type { SystemCalls } from './native.ts'
import { NodeFile } from './node-file.ts'
import { descriptorOf } from './sockets.ts'

/**
 * From here on sendfile(2) wins for a range that stands alone. CPU-s/GB read and written, against
 * sendfile: 16 KiB 1.01 / 0.99, 32 KiB 0.52 / 0.48, 64 KiB 0.31 / 0.26, 1 MiB 0.26 / 0.07.
 */
const RANGE_BYTES_MIN = 32 << 10
/** With more ranges behind it one write of all costs less: ten of 64 KiB 0.55 / 0.81. */
const RANGES_BEHIND_MAX = 0
const CALL_BYTES_MAX = 1 << 20
const EAGAIN = 11
const EINTR = 4
const EINVAL = 22
const ENOSYS = 38

/** What came of a call: bytes sent, no room in the socket, not cached, not to be had, or failed. */
export type FileSent = number | 'full' | 'cold' | 'unfit' | Error

/** sendfile(2): from the page cache to the socket without passing through here. */
export class FileSender {
  readonly #sendfile: NonNullable<SystemCalls['sendfile']>
  readonly #errno: () => number
  readonly #position = Buffer.alloc(8)
  #isUsable = true

  constructor(sendfile: NonNullable<SystemCalls['sendfile']>, errno: () => number) {
    this.#sendfile = sendfile
    this.#errno = errno
  }

  /** Whether to send the rest of `range` this way, with `rangesBehind` more waiting. */
  suits(range: FileRange, takenBytes: number, rangesBehind: number): boolean {
    return (
      this.#isUsable &&
      rangesBehind <= RANGES_BEHIND_MAX &&
      // Once begun, the end of a range goes the same way.
      (takenBytes > 0 || range.sizeBytes >= RANGE_BYTES_MIN) &&
      range.file instanceof NodeFile
    )
  }

  /** Sends some of `range` from `takenBytes` on. The stream must hold nothing unsent. */
  send(socket: Socket, range: FileRange, takenBytes: number): FileSent {
    const fd = descriptorOf(socket)
    if (fd < 0 || socket.writableLength > 0) return 'unfit'
    const file = range.file as NodeFile
    const position = range.position + takenBytes
    const wanted = Math.min(range.sizeBytes - takenBytes, CALL_BYTES_MAX)
    if (!file.isCached(position, wanted)) return 'cold'
    this.#position.writeUInt32LE(position % 2 ** 32, 0)
    this.#position.writeUInt32LE(Math.floor(position / 2 ** 32), 4)
    const sent = Number(this.#sendfile(fd, file.fd, this.#position, wanted))
    if (sent > 0) return sent
    if (sent === 0) return new Error(`${file.path} is shorter than a range of it`)
    return this.#explain(this.#errno())
  }

  #explain(errno: number): FileSent {
    if (errno === EAGAIN || errno === EINTR) return 'full'
    if (errno !== EINVAL && errno !== ENOSYS) return new Error(`sendfile failed, errno ${errno}`)
    this.#isUsable = false
    return 'unfit'
  }
}
