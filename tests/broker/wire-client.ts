import type { Connection, Frame, Net } from '../../host/host.ts'
import { encodeRequestFrame } from '../../protocol/frame.ts'
import { decodeResponseHeader } from '../../protocol/header.ts'
import { messages } from '../../protocol/messages/index.ts'
import { privateMessages } from '../../protocol/private/private-messages.ts'
import { WireReader } from '../../protocol/wire-reader.ts'

interface Waiting {
  readonly key: number
  readonly version: number
  readonly correlationId: number
  resolve(response: never): void
  reject(error: Error): void
}

/**
 * The other end of the wire for tests: sends any request in any version, without a thought for
 * what makes sense, and decodes what comes back in the order it comes.
 */
export class WireClient {
  readonly closed: Promise<Error | null>
  /** Answers in order of arrival, by correlation id. */
  readonly arrived: number[] = []
  /** What it says it is. */
  clientId = 'test'
  /** Takes the next frame as it is, in place of decoding it. */
  onRaw: ((bytes: Buffer) => void) | null = null
  #connection: Connection | null = null
  #nextId = 1
  readonly #waiting: Waiting[] = []
  #close: (reason: Error | null) => void = () => {}

  private constructor() {
    this.closed = new Promise(resolve => {
      this.#close = resolve
    })
  }

  static async connect(net: Net, port: number, host = '127.0.0.1'): Promise<WireClient> {
    const client = new WireClient()
    client.#connection = await net.connect(
      { host, port, timeoutMs: 5_000 },
      {
        frameBytesMax: () => 1 << 30,
        onFrame: frame => client.#onFrame(frame),
        onEnd: () => client.#connection?.end(),
        onDrain: () => {},
        onClose: reason => {
          client.#close(reason)
          for (const { reject } of client.#waiting.splice(0)) {
            reject(new Error('the connection closed before the answer'))
          }
        },
      },
    )
    return client
  }

  get connection(): Connection {
    return this.#connection!
  }

  /** Sends a request and decodes its answer; rejects if the connection closes first. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  ask(key: number, version: number, draft: object): Promise<any> {
    const correlationId = this.send(key, version, draft)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, version, correlationId, resolve, reject })
    })
  }

  /** Sends a request whose answer nobody waits for (acks 0). */
  send(key: number, version: number, draft: object): number {
    const correlationId = this.#nextId++
    const message = messagesOf(key).request
    const envelope = { version, correlationId, clientId: this.clientId }
    const pieces = encodeRequestFrame(message, envelope, draft as never)
    this.connection.send(pieces as Buffer[])
    return correlationId
  }

  sendRaw(bytes: Buffer): void {
    this.connection.send([bytes])
  }

  end(): void {
    this.connection.end()
  }

  destroy(): void {
    this.connection.destroy()
  }

  #onFrame(frame: Frame): void {
    const bytes = Buffer.from(frame.bytes)
    frame.release()
    if (this.onRaw !== null) {
      this.onRaw(bytes)
      this.onRaw = null
      return
    }
    const correlationId = bytes.readInt32BE(0)
    this.arrived.push(correlationId)
    const waiting = this.#waiting.shift()
    if (waiting === undefined) throw new Error(`answer ${correlationId} was not asked for`)
    const { key, version, resolve, reject } = waiting
    if (waiting.correlationId !== correlationId) {
      reject(new Error(`answer ${correlationId} came in place of ${waiting.correlationId}`))
      return
    }
    const reader = new WireReader(bytes)
    decodeResponseHeader(reader, key, version)
    const response = messagesOf(key).response.decode(reader, version)
    if (reader.remaining > 0) reject(new Error(`${reader.remaining} bytes behind the answer`))
    else resolve(response as never)
  }
}

function messagesOf(key: number) {
  return (messages.get(key) ?? privateMessages.get(key))!
}
