import { expect } from 'vitest'
import { api, CLOSE_CONNECTION, type HotContext, hotApi } from '../../../broker/api/api.ts'
import { apiVersions } from '../../../broker/api/api-versions.ts'
import { Dispatcher } from '../../../broker/network/dispatch.ts'
import type { NetworkLimits } from '../../../broker/network/limits.ts'
import { BrokerListener } from '../../../broker/network/listener.ts'
import { ReplyBudget } from '../../../broker/network/reply-budget.ts'
import type { BrokerServices } from '../../../broker/services.ts'
import type { Host } from '../../../host/host.ts'
import type { SimHost } from '../../../host/sim/host.ts'
import { simHost } from '../../../host/sim/host.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { FetchRequest, FetchResponse } from '../../../protocol/messages/fetch.ts'
import { HeartbeatRequest, HeartbeatResponse } from '../../../protocol/messages/heartbeat.ts'
import { ProduceRequest, ProduceResponse } from '../../../protocol/messages/produce.ts'
import { WireClient } from '../wire-client.ts'

const LIMITS: NetworkLimits = {
  produceFrameBytesMax: 100_000,
  requestFrameBytesMax: 10_000,
  requestsInFlightMax: 5,
  responseBytesMax: 100_000,
  slowReaderMs: 60_000,
  frameMs: 60_000,
  idleMs: 600_000,
}

interface Parked {
  readonly groupId: string
  answer(): void
  throws(error: Error): void
}

/** A listener that serves four APIs; the handlers of three of them the test plays itself. */
export async function world<H extends Host>(
  host: H,
  limits: Partial<NetworkLimits>,
  port = 9092,
  replies = new ReplyBudget(1 << 26),
) {
  const parked: Parked[] = []
  const appends: { context: HotContext<typeof ProduceResponse>; sequenced(): void }[] = []
  const heartbeat = api(
    HeartbeatRequest,
    HeartbeatResponse,
    { refuse: (_request, { errorCode }) => ({ throttleTimeMs: 0, errorCode }) },
    ({ groupId, generationId }) => {
      if (groupId === 'now') return { throttleTimeMs: 0, errorCode: ErrorCode.NONE }
      if (groupId === 'bug') throw new TypeError('a bug')
      return new Promise((resolve, reject) => {
        const answer = () => resolve({ throttleTimeMs: generationId, errorCode: ErrorCode.NONE })
        parked.push({ groupId, answer, throws: reject })
      })
    },
  )
  const produce = hotApi(
    ProduceRequest,
    ProduceResponse,
    { refuse: () => CLOSE_CONNECTION },
    (request, context) => {
      if (request.transactionalId === 'slow check') {
        return new Promise<void>(resolve => appends.push({ context, sequenced: resolve }))
      }
      appends.push({ context, sequenced: () => {} })
      return undefined
    },
  )
  const reads: HotContext<typeof FetchResponse>[] = []
  const fetch = hotApi(
    FetchRequest,
    FetchResponse,
    { refuse: () => CLOSE_CONNECTION },
    (_request, context) => void reads.push(context),
  )
  const services = { host } as unknown as BrokerServices
  const others = [heartbeat, produce, fetch]
  const dispatcher = new Dispatcher([...others, apiVersions(others)], services)
  const listener = await BrokerListener.listen(dispatcher, {
    name: 'PLAINTEXT',
    host: '127.0.0.1',
    port,
    limits: { ...LIMITS, ...limits },
    replies,
    backlog: 10,
    connectionsMax: Number.POSITIVE_INFINITY,
    connectionsPerAddressMax: Number.POSITIVE_INFINITY,
  })
  const client = await WireClient.connect(host.net, listener.port)
  return { host, parked, appends, reads, listener, client }
}

/** A Heartbeat; of group 'now' it is answered at once. */
export const beat = (groupId: string, generationId = 0) => ({
  groupId,
  generationId,
  memberId: 'm',
})
/** A Produce of nothing. */
export const batch = (transactionalId: string | null = null, acks = 1) => ({
  transactionalId,
  acks,
  timeoutMs: 1000,
  topicData: [],
})
/** Answers a Produce with 30 kB. */
export function longReply(context: HotContext<typeof ProduceResponse>): void {
  const partition = { index: 0, errorCode: 1, baseOffset: -1, errorMessage: 'x'.repeat(30_000) }
  const partitionResponses = [{ ...partition, recordErrors: [] }]
  context.reply({ responses: [{ name: 't', partitionResponses }] })
}

/** Lets everything that is under way arrive. */
export const settle = (host: SimHost) => host.clock.advance(10)

/** Waits for what must happen by itself: before any limit in time has it happen. */
export async function soon<T>(host: SimHost, happens: Promise<T>): Promise<T> {
  const beganMs = host.clock.monotonicMs()
  const outcome = await happens
  expect(host.clock.monotonicMs() - beganMs).toBeLessThan(1000)
  return outcome
}

/** Runs the body inside the simulation, which then moves by itself. */
export function simulated(
  body: (w: Awaited<ReturnType<typeof world<SimHost>>>) => Promise<void>,
  limits: Partial<NetworkLimits> = {},
) {
  return async () => {
    const host = simHost({ seed: 1 })
    await host.run(async () => body(await world(host, limits)))
  }
}
