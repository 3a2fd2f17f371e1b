import { describe, expect, test } from 'vitest'
import { CLOSE_CONNECTION, NO_RESPONSE } from '../../../broker/api/api.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts'
import { WireClient } from '../wire-client.ts'
import { batch, beat, settle, simulated, soon } from './support.ts'

describe('a connection', () => {
  test(
    'sends replies in the order of the requests, whichever is ready first',
    simulated(async ({ client, parked, host }) => {
      const answers = ['a', 'b', 'c'].map(g => client.ask(ApiKey.HEARTBEAT, 4, beat(g)))
      await settle(host)
      expect(parked.map(p => p.groupId)).toEqual(['a', 'b', 'c'])
      parked[2]!.answer()
      parked[1]!.answer()
      await settle(host)
      expect(client.arrived).toEqual([])
      parked[0]!.answer()
      await Promise.all(answers)
      expect(client.arrived).toEqual([1, 2, 3])
    }),
  )

  test(
    'begins no request while one before it is in its ordered phase',
    simulated(async ({ client, appends, host }) => {
      client.send(ApiKey.PRODUCE, 9, batch('slow check'))
      client.send(ApiKey.PRODUCE, 9, batch())
      await settle(host)
      expect(appends).toHaveLength(1)
      appends[0]!.sequenced()
      await settle(host)
      expect(appends).toHaveLength(2)
    }),
  )

  test(
    'dates a request by the wall clock as of its own turn',
    simulated(async ({ client, appends, host }) => {
      for (const waitMs of [0, 250, 300_000]) {
        await host.clock.advance(waitMs)
        const beforeMs = host.clock.nowMs()
        client.send(ApiKey.PRODUCE, 9, batch(null, 0))
        client.send(ApiKey.PRODUCE, 9, batch(null, 0))
        await settle(host)
        const contexts = appends.splice(0).map(({ context }) => context)
        expect(contexts).toHaveLength(2)
        for (const context of contexts) {
          const lateMs = context.nowMs - beforeMs
          expect(lateMs >= 0 && lateMs <= 10).toBe(true)
          context.reply(NO_RESPONSE)
        }
      }
    }),
  )

  test(
    'sends no byte for NO_RESPONSE and goes on with what follows',
    simulated(async ({ client, appends, host }) => {
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      const beatAnswer = client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      await settle(host)
      expect(client.arrived).toEqual([])
      appends[0]!.context.reply(NO_RESPONSE)
      await beatAnswer
      expect(client.arrived).toEqual([2])
    }),
  )

  test(
    'closes on CLOSE_CONNECTION, after the replies before it',
    simulated(async ({ client, appends, parked, host }) => {
      const first = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await settle(host)
      appends[0]!.context.reply(CLOSE_CONNECTION)
      await settle(host)
      parked[0]!.answer()
      await first
      await soon(host, client.closed)
    }),
  )

  test(
    'answers a KafkaError in the shape of its API, and a bug as UNKNOWN_SERVER_ERROR',
    simulated(async ({ client, parked, host }) => {
      const refused = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      const buggy = client.ask(ApiKey.HEARTBEAT, 4, beat('bug'))
      await settle(host)
      parked[0]!.throws(new KafkaError(ErrorCode.NOT_COORDINATOR))
      expect((await refused).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
      expect((await buggy).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR)
    }),
  )

  test(
    'stops reading while too many requests are in flight, and resumes',
    simulated(async ({ client, parked, host }) => {
      for (let i = 0; i < 20; i++) {
        client.ask(ApiKey.HEARTBEAT, 4, beat(`g${i}`)).catch(() => {})
        await settle(host)
      }
      const begun = parked.length
      // One buffer may have been read after the pause.
      expect(begun).toBeGreaterThanOrEqual(5)
      expect(begun).toBeLessThan(20)
      for (let i = 0; i < 20; i++) {
        for (const p of parked) p.answer()
        await settle(host)
      }
      expect(client.arrived).toHaveLength(20)
    }),
  )

  test(
    'that breaks the protocol is closed, and only that one, with its first bytes in the log',
    simulated(async ({ client, host }) => {
      const other = await WireClient.connect(host.net, 9092)
      client.sendRaw(Buffer.from('0000000c00030063000000010001610000', 'hex'))
      await soon(host, client.closed)
      expect(JSON.stringify(host.log.lines)).toContain('00030063')
      const answer = await other.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      expect(answer.errorCode).toBe(ErrorCode.NONE)
    }),
  )

  test(
    'with a body that does not parse is closed after the replies before it',
    simulated(async ({ client, parked, host }) => {
      const first = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      // Heartbeat 4 whose group id claims 100 bytes.
      client.sendRaw(Buffer.from('0000000e000c000400000002000161006561', 'hex'))
      await settle(host)
      expect(client.arrived).toEqual([])
      parked[0]!.answer()
      await first
      await soon(host, client.closed)
    }),
  )

  test(
    'may claim a large frame for Produce only',
    simulated(async ({ client, host }) => {
      const other = await WireClient.connect(host.net, 9092)
      client.sendRaw(Buffer.from('0000c35000000009', 'hex')) // Produce, 50,000 bytes
      other.sendRaw(Buffer.from('0000c350000c0004', 'hex')) // Heartbeat, 50,000 bytes
      await soon(host, other.closed)
      expect(client.connection.isOpen).toBe(true)
    }),
  )

  test(
    'is closed when idle for too long, but not while a request is parked',
    simulated(async ({ client, host, parked }) => {
      const other = await WireClient.connect(host.net, 9092)
      const waiting = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      await host.clock.advance(600_000 + 2 * 150_000)
      await other.closed
      parked[0]!.answer()
      await waiting
      expect(client.connection.isOpen).toBe(true)
    }),
  )

  test(
    'is cut when a frame takes too long to arrive',
    simulated(async ({ client, host }) => {
      client.sendRaw(Buffer.from('0000010000000009', 'hex'))
      await host.clock.advance(100_000)
      await client.closed
    }),
  )

  test(
    'tells a parked hot request that its client asks nothing more, and that it is gone',
    simulated(async ({ client, appends, host, listener }) => {
      client.send(ApiKey.PRODUCE, 9, batch())
      await settle(host)
      const told: string[] = []
      appends[0]!.context.onHurry = () => told.push('hurry')
      appends[0]!.context.onAbandoned = () => told.push('abandoned')
      client.end()
      await settle(host)
      expect(told).toEqual(['hurry'])
      client.destroy()
      listener.destroy()
      await settle(host)
      expect(told).toEqual(['hurry', 'abandoned'])
      appends[0]!.context.reply(NO_RESPONSE)
    }),
  )

  test(
    'is cut when its client takes none of its responses for too long',
    simulated(async ({ client, appends, host, listener }) => {
      client.connection.pause()
      const errorMessage = 'x'.repeat(30_000)
      let answered = 0
      for (let i = 0; i < 100; i++) {
        client.send(ApiKey.PRODUCE, 9, batch())
        await settle(host)
        if (appends.length === answered) break
        answered = appends.length
        const partition = { index: 0, errorCode: 1, baseOffset: -1, errorMessage }
        appends.at(-1)!.context.reply({
          responses: [{ name: 't', partitionResponses: [{ ...partition, recordErrors: [] }] }],
        })
      }
      // It is not read on once so much is waiting for it.
      expect(answered).toBeLessThan(100)
      await host.clock.advance(100_000)
      expect(listener.connectionCount).toBe(0)
    }),
  )

  test(
    'answers what its client asked before it half-closed',
    simulated(async ({ client, parked, host }) => {
      const asked = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      client.end()
      await settle(host)
      parked[0]!.answer()
      await asked
      await soon(host, client.closed)
    }),
  )
})

describe('a listener', () => {
  test(
    'drains: begun requests are answered, then their connections close',
    simulated(async ({ client, parked, host, listener }) => {
      const asked = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      await WireClient.connect(host.net, 9092)
      await settle(host)
      await listener.stopAccepting()
      const drained = listener.drain(10_000)
      await settle(host)
      expect(listener.connectionCount).toBe(1)
      parked[0]!.answer()
      await asked
      await soon(host, drained)
      expect(listener.connectionCount).toBe(0)
    }),
  )

  test(
    'cuts what did not drain in time',
    simulated(async ({ client, listener, host }) => {
      client.ask(ApiKey.HEARTBEAT, 4, beat('a')).catch(() => {})
      await settle(host)
      await listener.drain(10_000)
      await client.closed
    }),
  )

  test(
    'that was destroyed looks at nothing any more',
    simulated(async ({ client, listener, host }) => {
      await listener.stopAccepting()
      listener.destroy()
      await client.closed
      const { sweeps } = listener
      await host.clock.advance(1_000_000)
      expect(listener.sweeps).toBe(sweeps)
    }),
  )
})

describe('ApiVersions', () => {
  test(
    'is answered in version 0 with UNSUPPORTED_VERSION and its own row when asked too new',
    simulated(async ({ client }) => {
      const answer = new Promise<Buffer>(resolve => {
        client.onRaw = resolve
      })
      client.sendRaw(Buffer.from('0000000f0012006300000007000474657374 00'.replace(' ', ''), 'hex'))
      // correlation id 7, error 35, one row: key 18, versions 0-4
      expect((await answer).toString('hex')).toBe('00000007002300000001001200000004')
    }),
  )

  test(
    'lists what is served',
    simulated(async ({ client }) => {
      const request = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }
      const answer = await client.ask(ApiKey.API_VERSIONS, 4, request)
      expect(answer.apiKeys.map((row: { apiKey: number }) => row.apiKey)).toEqual([0, 1, 12, 18])
    }),
  )

  test(
    'refuses a client software name of other characters, and stays open',
    simulated(async ({ client }) => {
      const request = { clientSoftwareName: 'a b', clientSoftwareVersion: '1.0' }
      const answer = await client.ask(ApiKey.API_VERSIONS, 3, request)
      expect(answer).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] })
    }),
  )
})
