/**
 * One connection to one broker: requests out, answers in, matched by order and correlation id.
 *
 * States: opening (TCP, then ApiVersions) -> open -> closed. `open` resolves to a connection that
 * knows which versions its broker speaks.
 *
 * Invariants:
 * 1. Answers come in the order of requests (the protocol's promise); one that does not match the
 *    oldest request in flight ends the connection.
 * 2. At most `inFlightMax` requests await an answer; the others wait here, in order.
 * 3. Every request settles exactly once: answered, timed out, or failed with the connection.
 * 4. A request that times out ends the connection: what comes after would be unaccounted for.
 */
import type { Connection, ConnectionHandler, Frame, Piece, Timer } from '../host/host.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { encodeRequestFrame } from '../protocol/frame.ts'
import { decodeResponseHeader } from '../protocol/header.ts'
import type { Fields, StructDraft, StructValue } from '../protocol/schema.ts'
import { WireReader } from '../protocol/wire-reader.ts'
import { API_VERSIONS, type Api } from './apis.ts'
import { type Address, addressText, type ClientHost } from './client-host.ts'
import { BrokerError, ConnectionError, TimeoutError, UnsupportedError } from './errors.ts'

const SOFTWARE_NAME = 'ottla'
const SOFTWARE_VERSION = '0.1.0'
/** Answers larger than this end the connection (librdkafka's limit is about the same). */
const RESPONSE_BYTES_MAX = 128 * 1024 * 1024

/** How a connection behaves. */
export interface ConnectionOptions {
  readonly host: ClientHost
  readonly address: Address
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Requests that may await an answer at a time. */
  readonly inFlightMax: number
  /** Without traffic for so long the connection closes; Infinity keeps it. */
  readonly idleMs: number
  /** Called once when it is over, whatever the reason. */
  readonly onClose: () => void
}

/** A request body, or how to make it once the version is known. */
export type Draft<Q extends Fields> = StructDraft<Q> | ((version: number) => StructDraft<Q>)

interface Outgoing {
  readonly api: Api<Fields, Fields>
  readonly version: number
  readonly draft: StructDraft<Fields>
  readonly timeoutMs: number
  readonly resolve: (value: StructValue<Fields>) => void
  readonly reject: (error: Error) => void
  correlationId: number
  timer: Timer | null
}

interface VersionRow {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

export class BrokerConnection implements ConnectionHandler {
  readonly #options: ConnectionOptions
  readonly #versions = new Map<number, VersionRow>()
  readonly #inFlight: Outgoing[] = []
  readonly #waiting: Outgoing[] = []
  #connection: Connection | null = null
  #nextCorrelationId = 0
  #lastUsedMs: number
  #failure: Error | null = null
  #idleTimer: Timer | null = null

  /** Connects and learns the broker's versions. Rejects with a ConnectionError or TimeoutError. */
  static async open(options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(options)
    await connection.#open()
    return connection
  }

  private constructor(options: ConnectionOptions) {
    this.#options = options
    this.#lastUsedMs = options.host.clock.monotonicMs()
  }

  get isOpen(): boolean {
    return this.#failure === null
  }

  /** Requests sent or waiting to be. */
  get pendingCount(): number {
    return this.#inFlight.length + this.#waiting.length
  }

  /** Whether the broker speaks an API in a version we do. */
  speaks(api: Api<Fields, Fields>): boolean {
    return this.#versionOf(api) !== null
  }

  /**
   * Sends a request and resolves to its answer; buffers in the answer belong to the caller. Buffers
   * in the draft must stay unchanged until then. Rejects with ConnectionError, TimeoutError or
   * UnsupportedError; error codes in the answer are the caller's to read.
   */
  request<Q extends Fields, R extends Fields>(
    api: Api<Q, R>,
    draft: Draft<Q>,
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<StructValue<R>> {
    return new Promise((resolve, reject) => {
      const version = this.#versionOf(api)
      if (this.#failure !== null) return reject(this.#failure)
      if (version === null) return reject(this.#unsupported(api))
      this.#enqueue({
        api: api as unknown as Api<Fields, Fields>,
        version,
        draft: (typeof draft === 'function' ? draft(version) : draft) as StructDraft<Fields>,
        timeoutMs,
        resolve: resolve as (value: StructValue<Fields>) => void,
        reject,
        correlationId: 0,
        timer: null,
      })
    })
  }

  /** Sends a request that gets no answer (Produce with acks=0); resolves once it has left. */
  tell<Q extends Fields, R extends Fields>(api: Api<Q, R>, draft: StructDraft<Q>): Promise<void> {
    return new Promise((resolve, reject) => {
      const version = this.#versionOf(api)
      if (this.#failure !== null) return reject(this.#failure)
      if (version === null) return reject(this.#unsupported(api))
      const correlationId = this.#takeCorrelationId()
      const { clientId } = this.#options
      const envelope = { version, correlationId, clientId }
      this.#send(encodeRequestFrame(api.request, envelope, draft) as Piece[], error => {
        if (error === null) resolve()
        else reject(new ConnectionError(addressText(this.#options.address), error))
      })
    })
  }

  /** Ends the connection; requests that await an answer fail. Idempotent. */
  close(): void {
    this.#fail(new ConnectionError(addressText(this.#options.address), new Error('it was closed')))
  }

  // --------------------------------------------------------------------------- ConnectionHandler

  frameBytesMax(): number {
    return RESPONSE_BYTES_MAX
  }

  onFrame(frame: Frame): void {
    const bytes = Buffer.from(frame.bytes)
    frame.release()
    this.#lastUsedMs = this.#options.host.clock.monotonicMs()
    const request = this.#inFlight.shift()
    if (request === undefined || bytes.length < 4) {
      this.#fail(this.#lost(new Error('an answer came that nobody waited for')))
      return
    }
    request.timer?.cancel()
    try {
      request.resolve(decodeAnswer(request, bytes))
    } catch (error) {
      request.reject(this.#lost(error))
      this.#fail(this.#lost(error))
      return
    }
    this.#sendWaiting()
  }

  onEnd(): void {
    this.#fail(this.#lost(new Error('the broker ended the connection')))
  }

  onDrain(): void {}

  onClose(reason: Error | null): void {
    this.#fail(this.#lost(reason ?? new Error('the connection ended')))
  }

  // ------------------------------------------------------------------------------------- opening

  async #open(): Promise<void> {
    const { host, address, connectTimeoutMs } = this.#options
    try {
      const connection = await host.net.connect({ ...address, timeoutMs: connectTimeoutMs }, this)
      if (this.#failure !== null) connection.destroy()
      this.#connection = connection
    } catch (error) {
      this.#fail(this.#lost(error))
    }
    if (this.#failure !== null) throw this.#failure
    await this.#learnVersions()
    this.#watchIdleness()
  }

  /** KIP-511: a broker that does not know our version says which it does, in version 0. */
  async #learnVersions(): Promise<void> {
    let version = API_VERSIONS.versionMax
    for (;;) {
      this.#versions.set(API_VERSIONS.request.key, rowOf(version))
      const answer = await this.request(API_VERSIONS, {
        clientSoftwareName: SOFTWARE_NAME,
        clientSoftwareVersion: SOFTWARE_VERSION,
      })
      if (answer.errorCode === ErrorCode.NONE) {
        for (const row of answer.apiKeys) this.#versions.set(row.apiKey, row)
        return
      }
      const known = answer.apiKeys.find(row => row.apiKey === API_VERSIONS.request.key)
      const lower = Math.min(version - 1, known?.maxVersion ?? 0)
      if (answer.errorCode !== ErrorCode.UNSUPPORTED_VERSION || lower < 0) {
        const error = new BrokerError('learn what the broker speaks', answer.errorCode)
        this.#fail(error)
        throw error
      }
      version = lower
    }
  }

  #watchIdleness(): void {
    const { host, idleMs } = this.#options
    if (idleMs === Number.POSITIVE_INFINITY || this.#failure !== null) return
    const leftMs = Math.max(1, this.#lastUsedMs + idleMs - host.clock.monotonicMs())
    this.#idleTimer = host.clock.schedule(leftMs, () => {
      const isIdle = host.clock.monotonicMs() - this.#lastUsedMs >= idleMs
      if (isIdle && this.pendingCount === 0) this.close()
      else this.#watchIdleness()
    })
  }

  // ------------------------------------------------------------------------------------- sending

  #versionOf(
    api: Pick<Api<Fields, Fields>, 'versionMin' | 'versionMax' | 'isPrivate'> & ApiKeyed,
  ): number | null {
    if (api.isPrivate) return api.versionMax
    const row = this.#versions.get(api.request.key)
    if (row === undefined) return null
    const version = Math.min(api.versionMax, row.maxVersion)
    return version >= Math.max(api.versionMin, row.minVersion) ? version : null
  }

  #unsupported(api: ApiKeyed): UnsupportedError {
    const name = api.request.name.replace(/Request$/, '')
    const address = addressText(this.#options.address)
    return new UnsupportedError(`The broker at ${address} speaks no version of ${name} we know.`)
  }

  #enqueue(request: Outgoing): void {
    this.#waiting.push(request)
    this.#sendWaiting()
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0 && this.#inFlight.length < this.#options.inFlightMax) {
      const request = this.#waiting.shift()!
      request.correlationId = this.#takeCorrelationId()
      const { api, version, correlationId, timeoutMs } = request
      const { clientId, host } = this.#options
      let pieces: Piece[]
      try {
        const envelope = { version, correlationId, clientId }
        pieces = encodeRequestFrame(api.request, envelope, request.draft) as Piece[]
      } catch (error) {
        request.reject(error as Error)
        continue
      }
      request.timer = host.clock.schedule(timeoutMs, () => this.#onTimeout(request))
      this.#inFlight.push(request)
      this.#send(pieces)
    }
  }

  #send(pieces: Piece[], done?: (error: Error | null) => void): void {
    this.#lastUsedMs = this.#options.host.clock.monotonicMs()
    this.#connection!.send(pieces, done)
  }

  #takeCorrelationId(): number {
    const id = this.#nextCorrelationId
    this.#nextCorrelationId = (id + 1) & 0x7fffffff
    return id
  }

  #onTimeout(request: Outgoing): void {
    const name = request.api.request.name
    const address = addressText(this.#options.address)
    this.#fail(new TimeoutError(`${address} did not answer ${name}`, request.timeoutMs))
  }

  // --------------------------------------------------------------------------------------- ending

  #lost(cause: unknown): ConnectionError {
    return new ConnectionError(addressText(this.#options.address), cause)
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#idleTimer?.cancel()
    const unanswered = [...this.#inFlight.splice(0), ...this.#waiting.splice(0)]
    for (const request of unanswered) {
      request.timer?.cancel()
      request.reject(error)
    }
    this.#connection?.destroy()
    this.#options.onClose()
  }
}

interface ApiKeyed {
  readonly request: { readonly key: number; readonly name: string }
}

function rowOf(version: number): VersionRow {
  return { apiKey: API_VERSIONS.request.key, minVersion: version, maxVersion: version }
}

function decodeAnswer(request: Outgoing, bytes: Buffer): StructValue<Fields> {
  const { api, correlationId } = request
  const reader = new WireReader(bytes)
  const header = decodeResponseHeader(reader, api.request.key, request.version)
  if (header.correlationId !== correlationId) throw new Error('an answer came out of order')
  return api.response.decode(reader, isRefusal(request, bytes) ? 0 : request.version)
}

/** Whether ApiVersions was refused for its version: the body is of version 0 then (KIP-511). */
function isRefusal(request: Outgoing, bytes: Buffer): boolean {
  if (request.api.request.key !== API_VERSIONS.request.key || bytes.length < 6) return false
  return bytes.readInt16BE(4) === ErrorCode.UNSUPPORTED_VERSION
}
