/** One end of a connection for tests: keeps what it was told, and waits for conditions. */
import type { Connection, ConnectionHandler, Frame, Loop, Piece } from '../../../host/host.ts'

/** Turns of the loop without the condition after which a wait is given up. */
const TURNS_MAX = 2_000_000

export class Peer implements ConnectionHandler {
  connection: Connection | null = null
  readonly frames: Frame[] = []
  readonly closes: (Error | null)[] = []
  ends = 0
  drains = 0
  onFrameArrived: () => void = () => {}
  frameBytesMax: (head: number) => number = () => 1 << 26
  readonly #loop: Loop

  constructor(loop: Loop) {
    this.#loop = loop
  }

  onFrame(frame: Frame): void {
    this.frames.push(frame)
    this.onFrameArrived()
  }

  onEnd(): void {
    this.ends++
  }

  onDrain(): void {
    this.drains++
  }

  onClose(reason: Error | null): void {
    this.closes.push(reason)
  }

  /** The other side has closed: seen as an end or, if bytes were lost, as a reset. */
  get hasHeardEnd(): boolean {
    return this.ends > 0 || this.closes.length > 0
  }

  send(...pieces: Piece[]): void {
    this.connection?.send(pieces)
  }

  texts(): string[] {
    return this.frames.map(frame => frame.bytes.toString('latin1'))
  }

  /** Releases all frames from index `from` on, and forgets them. */
  releaseAll(from = 0): void {
    for (const frame of this.frames.splice(from)) frame.release()
  }

  /** Lets the loop turn until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let turn = 0; !condition(); turn++) {
      if (turn > TURNS_MAX) throw new Error('the condition never came true')
      await this.#loop.nextTurn()
    }
  }
}

/** A frame: its length, then the body. */
export function frameOf(body: Buffer | string): Buffer {
  const bytes = Buffer.from(body as string)
  const head = Buffer.alloc(4)
  head.writeInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}
