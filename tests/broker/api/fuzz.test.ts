import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servedApis } from '../../../broker/api/index.ts'
import { Broker } from '../../../broker/in-process.ts'
import { nodeHost } from '../../../host/node/host.ts'
import { RecordedLog } from '../../../host/sim/logger.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { messages } from '../../../protocol/messages/index.ts'
import { arbitraryMessage } from '../../support/arbitrary-message.ts'
import { WireClient } from '../wire-client.ts'

const SEED = 20261121
const RUNS = 12

const log = new RecordedLog()
const { net } = nodeHost()
let broker: Broker

beforeAll(async () => {
  broker = await Broker.start({
    clock: 'still',
    log,
    config: { 'ottla.partitions.max': 60, 'offsets.topic.num.partitions': 2 },
  })
})

afterAll(() => broker.stop())

/** The same without what would wait for time to pass, or want no answer. */
function impatient(key: number, draft: object): object {
  if (key === ApiKey.FETCH) return { ...draft, maxWaitMs: 0 }
  return key === ApiKey.PRODUCE ? { ...draft, acks: -1 } : draft
}

/** Resolves when the request was answered, its connection closed, or it is parked. */
async function sendAlone(key: number, version: number, draft: object): Promise<void> {
  const client = await WireClient.connect(net, broker.port)
  const answered = client.ask(key, version, draft).catch(() => {})
  // Only a join or a sync may wait for others.
  const mayPark = key === ApiKey.JOIN_GROUP || key === ApiKey.SYNC_GROUP
  if (mayPark) {
    client.end()
    const other = await WireClient.connect(net, broker.port)
    await other.ask(ApiKey.API_VERSIONS, 0, {})
    other.destroy()
  } else {
    await answered
  }
  client.destroy()
}

function bugsSince(before: number): string[] {
  return log.lines
    .slice(before)
    .filter(({ message }) => /bug|could not be encoded/.test(message))
    .map(({ fields, message }) => `${message} ${(fields['error'] as Error).stack}`)
}

describe('no request that can be decoded meets a bug', () => {
  for (const { key, name, versions } of servedApis) {
    test(name, async () => {
      const before = log.lines.length
      const { request } = messages.get(key)!
      for (let version = versions.min; version <= versions.max; version++) {
        const arbitrary = arbitraryMessage(request, version)
        for (const draft of fc.sample(arbitrary, { seed: SEED + version, numRuns: RUNS })) {
          await sendAlone(key, version, impatient(key, draft))
        }
      }
      expect(bugsSince(before)).toEqual([])
    })
  }
})
