/** A reader driven as a socket drives it, one landing at a time. */
import type { Frame } from '../../../host/host.ts'
import { FrameReader } from '../../../host/node/frame-reader.ts'
import type { ReceiveMemory } from '../../../host/node/receive-memory.ts'

export class Source {
  isReading = true
  pausesAtFrame = false
  reason: Error | null = null
  readonly frames: Frame[] = []
  readonly reader: FrameReader
  #view: Buffer

  constructor(memory: ReceiveMemory) {
    this.reader = new FrameReader(
      memory,
      {
        startReading: () => {
          this.isReading = true
        },
        stopReading: () => {
          this.isReading = false
        },
        destroy: reason => {
          this.reason = reason
          this.reader.close()
        },
      },
      {
        onFrame: frame => {
          this.frames.push(frame)
          if (this.pausesAtFrame) this.reader.pause()
        },
        frameBytesMax: () => 1 << 26,
        onEnd() {},
        onDrain() {},
        onClose() {},
      },
    )
    this.#view = this.reader.landing()
  }

  /** Brings bytes as a socket would; returns how many were read before it was stopped. */
  bring(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && this.isReading && this.reason === null) {
      const sizeBytes = Math.min(this.#view.length, bytes.length - at)
      bytes.copy(this.#view, 0, at, at + sizeBytes)
      at += sizeBytes
      this.reader.landed(sizeBytes, this.#view)
      this.#view = this.reader.landing()
    }
    return at
  }

  releaseAll(): void {
    for (const frame of this.frames.splice(0)) frame.release()
  }
}
