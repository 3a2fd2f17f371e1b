import type { Clock } from '../../host/host.ts'
import { SeededRandom } from '../../host/sim/random.ts'
import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import type { Message } from '../../protocol/schema.ts'
import { CLOSE_CONNECTION, type HotContext, type ServedApi } from '../api/api.ts'
import { didYouMean } from '../config/did-you-mean.ts'
import type { ApiName, ErrorName, RequestFault, RequestFaultBuilder } from './request-fault.ts'

type Action =
  | { readonly kind: 'reply'; readonly code: ErrorCode }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'disconnect' }

interface Armed {
  readonly apiName: string
  readonly action: Action
  readonly isDrawn: () => boolean
  timesLeft: number
  fired: number
}

/**
 * RequestFaults: what goes wrong with requests, because a test wants it to. The faults stand
 * between the dispatcher and the handlers (`around`); a broker that no test made has none of this.
 */
export class RequestFaults {
  readonly #clock: Clock
  /** Of several faults of an API, the oldest that draws a request decides. */
  readonly #armed = new Set<Armed>()
  #names: readonly string[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws Error for an API that this broker does not serve. */
  on(apiName: ApiName): RequestFaultBuilder {
    if (!this.#names.includes(apiName)) {
      throw new Error(`${apiName} is no API of this broker${didYouMean(apiName, this.#names)}`)
    }
    return this.#builder(apiName, { times: Number.POSITIVE_INFINITY, isDrawn: () => true })
  }

  /** The same APIs, whose requests meet the faults first. */
  around(apis: readonly ServedApi[]): ServedApi[] {
    this.#names = apis.map(({ name }) => name)
    return apis.map(api => ({
      ...api,
      handle: (request, context) => {
        const action = this.#armed.size === 0 ? null : this.#draw(api.name)
        if (action === null) return api.handle(request, context)
        return this.#inject(action, api, request, context)
      },
    }))
  }

  #builder(
    apiName: string,
    rules: { readonly times: number; readonly isDrawn: () => boolean },
  ): RequestFaultBuilder {
    const arm = (action: Action) => this.#arm(apiName, action, rules)
    return {
      once: () => this.#builder(apiName, { ...rules, times: 1 }),
      times: count => this.#builder(apiName, { ...rules, times: count }),
      withProbability: (probability, seed) => {
        const random = new SeededRandom(seed)
        const isDrawn = () => random.float() < probability
        return this.#builder(apiName, { ...rules, isDrawn })
      },
      reply: error => arm({ kind: 'reply', code: errorCodeOf(error) }),
      delay: ms => arm({ kind: 'delay', ms }),
      disconnect: () => arm({ kind: 'disconnect' }),
    }
  }

  #arm(
    apiName: string,
    action: Action,
    { times, isDrawn }: { readonly times: number; readonly isDrawn: () => boolean },
  ): RequestFault {
    const armed: Armed = { apiName, action, isDrawn, timesLeft: times, fired: 0 }
    this.#armed.add(armed)
    return {
      get fired() {
        return armed.fired
      },
      remove: () => this.#armed.delete(armed),
    }
  }

  #draw(apiName: string): Action | null {
    for (const armed of this.#armed) {
      if (armed.apiName !== apiName || !armed.isDrawn()) continue
      armed.fired++
      if (--armed.timesLeft <= 0) this.#armed.delete(armed)
      return armed.action
    }
    return null
  }

  #inject(action: Action, api: ServedApi, request: unknown, context: HotContext<Message>): unknown {
    switch (action.kind) {
      case 'reply':
        throw new KafkaError(action.code, 'A test asked for this error.')
      case 'disconnect':
        if (api.kind === 'plain') return CLOSE_CONNECTION
        context.reply(CLOSE_CONNECTION)
        return undefined
      case 'delay':
        return this.#later(action.ms).then(() => api.handle(request, context))
    }
  }

  #later(ms: number): Promise<void> {
    return new Promise(resolve => this.#clock.schedule(ms, resolve))
  }
}

function errorCodeOf(name: ErrorName): ErrorCode {
  const code = ErrorCode[name]
  if (code !== undefined) return code
  throw new Error(`Kafka has no error ${name}${didYouMean(name, Object.keys(ErrorCode))}`)
}
