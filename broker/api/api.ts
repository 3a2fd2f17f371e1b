import type { ErrorCode } from '../../protocol/errors.ts'
import type { DraftOf, Message, ValueOf } from '../../protocol/schema.ts'
import type { RequestContext } from '../services.ts'

/** Answered instead of a response: no bytes go back (Produce with acks 0). */
export const NO_RESPONSE = Symbol('no response')
/** Answered instead of a response: the connection closes once earlier replies have left. */
export const CLOSE_CONNECTION = Symbol('close connection')

/** What a handler answers: a response to encode, or one of the two silences. */
export type Reply<Res extends Message> = DraftOf<Res> | typeof NO_RESPONSE | typeof CLOSE_CONNECTION

/** The context of a handler that answers by calling `reply` instead of returning. */
export interface HotContext<Res extends Message> extends RequestContext {
  /** Called once if the connection closes before the reply: nobody waits any more. */
  onAbandoned: (() => void) | null
  /**
   * Called if the client has half-closed or the broker is stopping: whoever waits for more replies
   * with what there is.
   */
  onHurry: (() => void) | null
  /** Exactly once, now or later. */
  reply(answer: Reply<Res>): void
}

/** What is told about a request that is refused whole. */
export interface Refusal {
  readonly errorCode: ErrorCode
  /** Why, for the client's eyes; null when the code says it all. */
  readonly errorMessage: string | null
  readonly apiVersion: number
}

/** Options of `api` and `hotApi`. */
export interface ApiOptions<Req extends Message, Res extends Message> {
  /** Versions this broker accepts, inclusive; by default those declared and stable. */
  readonly versions?: { readonly min: number; readonly max: number }
  /** Versions ApiVersions tells, where they differ from those accepted (Produce: 0-13). */
  readonly listed?: { readonly min: number; readonly max: number }
  /** The response that refuses the whole request, in the shape this API has for it. */
  refuse(request: ValueOf<Req>, refusal: Refusal): Reply<Res>
}

/**
 * One API as it is served. Its types are erased here: `dispatch` pairs a request with the handler
 * of the same declaration, which `api` and `hotApi` have checked.
 */
export interface ServedApi {
  readonly key: number
  readonly name: string
  readonly request: Message
  readonly response: Message
  readonly versions: { readonly min: number; readonly max: number }
  readonly listed: { readonly min: number; readonly max: number }
  /**
   * 'hot': byte fields are views of the pooled frame, the answer comes through `reply`, and the
   * returned promise (if any) ends the ordered phase. 'plain': bytes are the request's own.
   */
  readonly kind: 'plain' | 'hot'
  handle(request: unknown, context: HotContext<Message>): unknown
  refuse(request: unknown, refusal: Refusal): Reply<Message>
}

/**
 * An API answered by what its handler returns. The handler runs synchronously up to its first
 * `await`, in arrival order; later requests of the connection overlap with what it awaits, and
 * replies leave in request order. Throw KafkaError to refuse the whole request; anything else
 * thrown is a bug, answered UNKNOWN_SERVER_ERROR and logged.
 */
export function api<Req extends Message, Res extends Message>(
  request: Req,
  response: Res,
  options: ApiOptions<Req, Res>,
  handler: (request: ValueOf<Req>, context: RequestContext) => Reply<Res> | Promise<Reply<Res>>,
): ServedApi {
  return served('plain', request, response, options, handler as ServedApi['handle'])
}

/**
 * An API on the hot path: answers by `context.reply`. Its ordered phase ends when it returns, or
 * when the promise it returns resolves; until then no later request of the connection is begun,
 * and the frame stays valid. KafkaError may be thrown synchronously only.
 */
export function hotApi<Req extends Message, Res extends Message>(
  request: Req,
  response: Res,
  options: ApiOptions<Req, Res>,
  handler: (request: ValueOf<Req>, context: HotContext<Res>) => void | Promise<void>,
): ServedApi {
  return served('hot', request, response, options, handler as ServedApi['handle'])
}

function served<Req extends Message, Res extends Message>(
  kind: 'plain' | 'hot',
  request: Req,
  response: Res,
  options: ApiOptions<Req, Res>,
  handle: ServedApi['handle'],
): ServedApi {
  const versions = options.versions ?? { min: request.versions.min, max: request.latestListed }
  return {
    key: request.key,
    name: request.name.replace(/Request$/, ''),
    request,
    response,
    versions,
    listed: options.listed ?? versions,
    kind,
    handle,
    refuse: options.refuse as ServedApi['refuse'],
  }
}
