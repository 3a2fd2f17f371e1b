/**
 * From a frame to an exchange begun, and from an answer to the bytes of a response. The only place
 * where a request's failure is caught:
 *
 *   KafkaError         refuses the request, in the shape its API has for that
 *   DiskError          the same, as KAFKA_STORAGE_ERROR
 *   ProtocolViolation  thrown on: the connection closes
 *   anything else      a bug of ours: logged, answered UNKNOWN_SERVER_ERROR
 */
import { DiskError } from '../../host/disk-error.ts'
import type { Frame, Piece } from '../../host/host.ts'
import { ApiKey, apiName } from '../../protocol/api-keys.ts'
import { ErrorCode, KafkaError, ProtocolViolation } from '../../protocol/errors.ts'
import { encodeResponseFrame } from '../../protocol/frame.ts'
import { decodeRequestHeader } from '../../protocol/header.ts'
import { int16At } from '../../protocol/integers.ts'
import { messages } from '../../protocol/messages/index.ts'
import type { Message } from '../../protocol/schema.ts'
import { TextCache } from '../../protocol/text-cache.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'
import type { Reply, ServedApi } from '../api/api.ts'
import { CLOSE_CONNECTION, NO_RESPONSE } from '../api/api.ts'
import { errorForVersion } from '../api/error-versions.ts'
import type { BrokerServices } from '../services.ts'
import { Exchange, type ExchangeOwner } from './exchange.ts'
import { Turn } from './turn.ts'

/** A request whose header is read and whose body is what `reader` comes to next. */
export interface OpenedExchange {
  readonly exchange: Exchange
  readonly reader: WireReader
}

/** Short responses share buffers of this size. */
const WRITER_BYTES = 16 << 10

/** Serves the given APIs for the connections of one broker. */
export class Dispatcher {
  readonly services: BrokerServices
  readonly turn: Turn
  /** Kafka's APIs, by key. */
  readonly #apis: readonly (ServedApi | undefined)[]
  /** The others: their keys are so large that an array of them would be slow. */
  readonly #privateApis: ReadonlyMap<number, ServedApi>
  readonly #texts = new TextCache()
  readonly #writer = new WireWriter(WRITER_BYTES)
  /** When the requests of this turn came, as the first of them found; null before that. */
  #nowMs: number | null = null

  constructor(apis: readonly ServedApi[], services: BrokerServices) {
    this.services = services
    this.turn = new Turn(services.host.loop, () => {
      this.#nowMs = null
    })
    const byKey: (ServedApi | undefined)[] = []
    const privateApis = new Map<number, ServedApi>()
    for (const api of apis) {
      if (messages.has(api.key)) byKey[api.key] = api
      else privateApis.set(api.key, api)
    }
    this.#apis = byKey
    this.#privateApis = privateApis
  }

  /**
   * Reads the header of a frame, and takes over the frame when it succeeds. Throws
   * ProtocolViolation for a header that cannot be read, and for an API or version that is not
   * served: Kafka closes the connection on those.
   */
  open(frame: Frame, owner: ExchangeOwner): OpenedExchange {
    const { buffer, start, end } = frame
    if (end - start < 8) throw new ProtocolViolation(`a request of ${end - start} bytes`)
    const key = int16At(buffer, start)
    const version = int16At(buffer, start + 2)
    const api = this.#apis[key] ?? this.#privateApis.get(key)
    if (api === undefined) throw new ProtocolViolation(`API key ${key} is not served`)
    const isServed = version >= api.versions.min && version <= api.versions.max
    // KIP-511: a client cannot know our versions of ApiVersions before it asked with it.
    if (!isServed && key !== ApiKey.API_VERSIONS) {
      throw new ProtocolViolation(`${apiName(key)} version ${version} is not served`)
    }

    const reader = new WireReader(buffer, start, end, this.#texts)
    const header = decodeRequestHeader(reader)
    this.turn.count()
    const nowMs = this.#nowMs ?? this.#askClock()
    if (api.kind === 'hot') {
      return { exchange: new Exchange(api, header, owner, this.services, nowMs, frame), reader }
    }
    // A parked request may live for minutes: its few bytes must not pin a pooled MiB, so it gets
    // its own copy.
    const own = Buffer.from(frame.bytes)
    const copy = new WireReader(own, reader.position - start, own.length, this.#texts)
    frame.release()
    return { exchange: new Exchange(api, header, owner, this.services, nowMs, null), reader: copy }
  }

  #askClock(): number {
    const nowMs = this.services.host.clock.nowMs()
    this.#nowMs = nowMs
    return nowMs
  }

  /**
   * Decodes the body and runs the handler up to the end of its ordered phase, which a returned
   * promise stands for. Throws ProtocolViolation for a malformed body.
   */
  run(exchange: Exchange, reader: WireReader): undefined | Promise<void> {
    const { api, apiVersion } = exchange
    if (apiVersion < api.versions.min || apiVersion > api.versions.max) {
      this.#refuse(exchange, undefined, new KafkaError(ErrorCode.UNSUPPORTED_VERSION))
      return undefined
    }
    const request = api.request.decode(reader, apiVersion)
    try {
      const result = api.handle(request, exchange)
      if (api.kind === 'hot') return this.#orderedPhase(exchange, request, result)
      if (result instanceof Promise) this.#answerLater(exchange, request, result)
      else exchange.reply(result as Reply<Message>)
    } catch (error) {
      this.#refuse(exchange, request, error)
    }
    return undefined
  }

  /** The bytes of a response, frame length included; null where the answer has none. */
  encode(exchange: Exchange, answer: Reply<Message>): readonly Piece[] | null {
    if (answer === NO_RESPONSE || answer === CLOSE_CONNECTION) return null
    const { api, correlationId } = exchange
    const version = responseVersion(exchange)
    const { response } = api
    const pieces = encodeResponseFrame(response, version, correlationId, answer, this.#writer)
    return pieces as readonly Piece[]
  }

  #orderedPhase(exchange: Exchange, request: unknown, result: unknown): undefined | Promise<void> {
    if (!(result instanceof Promise)) return undefined
    return (result as Promise<void>).catch(error => this.#refuse(exchange, request, error))
  }

  #answerLater(exchange: Exchange, request: unknown, result: Promise<unknown>): void {
    const answered = result.then(
      answer => exchange.reply(answer as Reply<Message>),
      error => this.#refuse(exchange, request, error),
    )
    this.services.host.loop.spawn(exchange.api.name, answered)
  }

  #refuse(exchange: Exchange, request: unknown, error: unknown): void {
    if (exchange.isAnswered) {
      this.#logBug(exchange, error)
      return
    }
    const { api, apiKey, apiVersion } = exchange
    const errorCode = errorForVersion(apiKey, apiVersion, this.#codeOf(exchange, error))
    const errorMessage = error instanceof KafkaError ? error.message : null
    exchange.reply(api.refuse(request, { errorCode, errorMessage, apiVersion }))
  }

  #codeOf(exchange: Exchange, error: unknown): ErrorCode {
    if (error instanceof KafkaError) return error.code
    if (error instanceof DiskError) {
      this.services.host.log.error({ api: exchange.api.name, error }, 'the disk failed a request')
      return ErrorCode.KAFKA_STORAGE_ERROR
    }
    this.#logBug(exchange, error)
    return ErrorCode.UNKNOWN_SERVER_ERROR
  }

  #logBug(exchange: Exchange, error: unknown): void {
    const { api, apiVersion, correlationId, clientId, connection } = exchange
    this.services.host.log.error(
      { api: api.name, apiVersion, correlationId, clientId, connection: connection.id, error },
      'a request met a bug',
    )
  }
}

/** KIP-511: ApiVersions in a version we do not know is answered in version 0. */
function responseVersion({ api, apiVersion }: Exchange): number {
  if (api.key !== ApiKey.API_VERSIONS) return apiVersion
  return apiVersion < api.versions.min || apiVersion > api.versions.max ? 0 : apiVersion
}
