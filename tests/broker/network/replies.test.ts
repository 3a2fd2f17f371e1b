import { describe, expect, test } from 'vitest'
import { CLOSE_CONNECTION, type HotContext, NO_RESPONSE } from '../../../broker/api/api.ts'
import type { File } from '../../../host/host.ts'
import type { SimHost } from '../../../host/sim/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import type { FetchResponse } from '../../../protocol/messages/fetch.ts'
import { fetchDraft } from '../support.ts'
import { batch, beat, longReply, settle, simulated, soon } from './support.ts'

const CONTENT = Buffer.from('the bytes of a batch')

function fileOf(host: SimHost): File {
  const file = host.disk.open('/file', 'create')
  file.writev([CONTENT], 0)
  return file
}

/** Answers a fetch with the whole of a file, which the log closes meanwhile. */
function replyWith(file: File, context: HotContext<typeof FetchResponse> | undefined): void {
  const records = { file, position: 0, sizeBytes: CONTENT.length }
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 1, records }
  const partitions = [{ ...partition, abortedTransactions: null }]
  context?.reply({ responses: [{ topic: 't', partitions }] })
  file.close()
}

describe('a reply from a file behind one that takes its time', () => {
  test(
    'keeps the file open until it is sent, and no longer',
    simulated(async ({ client, parked, reads, host }) => {
      const first = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      const second = client.ask(ApiKey.FETCH, 12, fetchDraft({ topic: 't' }, 0))
      await settle(host)
      replyWith(fileOf(host), reads[0])
      expect(host.disk.openCount).toBe(1)
      parked[0]!.answer()
      await first
      const { responses } = await second
      expect(responses[0].partitions[0].records).toEqual(CONTENT)
      expect(host.disk.openCount).toBe(0)
    }),
  )

  test(
    'lets go of it when nobody is there to read any more',
    simulated(async ({ client, reads, host, listener }) => {
      const lost = client.ask(ApiKey.HEARTBEAT, 4, beat('a')).catch(error => error)
      client.send(ApiKey.FETCH, 12, fetchDraft({ topic: 't' }, 0))
      await settle(host)
      replyWith(fileOf(host), reads[0])
      client.destroy()
      expect(await lost).toBeInstanceOf(Error)
      await settle(host)
      listener.destroy()
      await settle(host)
      expect([host.disk.openCount, listener.connectionCount]).toEqual([0, 0])
    }),
  )

  test(
    'does not take one for whom nobody was there to begin with',
    simulated(async ({ client, reads, host, listener }) => {
      client.ask(ApiKey.HEARTBEAT, 4, beat('a')).catch(() => {})
      client.send(ApiKey.FETCH, 12, fetchDraft({ topic: 't' }, 0))
      await settle(host)
      listener.destroy()
      await soon(host, client.closed)
      replyWith(fileOf(host), reads[0])
      expect(host.disk.openCount).toBe(0)
    }),
  )
})

describe('an answer', () => {
  test(
    'is given once, and then nobody is told that the client went away',
    simulated(async ({ client, appends, host }) => {
      client.ask(ApiKey.HEARTBEAT, 4, beat('a')).catch(() => {})
      client.send(ApiKey.PRODUCE, 9, batch())
      await settle(host)
      const [{ context }] = appends as [(typeof appends)[0]]
      const told: string[] = []
      context.onAbandoned = () => told.push('abandoned')
      context.onHurry = () => told.push('hurry')
      longReply(context)
      expect(() => longReply(context)).toThrow('answered twice')
      client.end()
      await settle(host)
      client.destroy()
      await client.closed
      await settle(host)
      expect(told).toEqual([])
    }),
  )

  test(
    'that does not fit its version closes the connection, and is logged',
    simulated(async ({ client, appends, host }) => {
      client.send(ApiKey.PRODUCE, 9, batch())
      await settle(host)
      appends[0]!.context.reply({ responses: null } as never)
      await soon(host, client.closed)
      expect(JSON.stringify(host.log.lines)).toContain('could not be encoded')
    }),
  )
})

describe('a connection', () => {
  test(
    'begins nothing more once it is to be closed',
    simulated(async ({ client, appends, host }) => {
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await settle(host)
      appends[0]!.context.reply(CLOSE_CONNECTION)
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await soon(host, client.closed)
      expect(appends).toHaveLength(1)
    }),
  )

  test(
    'that asks in a version that is not served is closed without an answer',
    simulated(async ({ client, host }) => {
      const asked = client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      client.sendRaw(Buffer.from('0000000c000c006300000001ffff0000', 'hex'))
      await asked
      await soon(host, client.closed)
      expect(client.arrived).toHaveLength(1)
      expect(JSON.stringify(host.log.lines)).toContain('Heartbeat version 99 is not served')
    }),
  )

  test(
    'is not idle when it asked something a while ago',
    simulated(async ({ client, host }) => {
      for (let round = 0; round < 3; round++) {
        await host.clock.advance(500_000)
        await client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      }
      await host.clock.advance(500_000)
      expect(client.connection.isOpen).toBe(true)
    }),
  )

  test(
    'may be silent between frames for longer than one may take to arrive',
    simulated(async ({ client, host }) => {
      await client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      await host.clock.advance(300_000)
      await client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
    }),
  )

  test(
    'begins as many requests as may be in flight, and no more until one is answered',
    simulated(async ({ client, parked, host }) => {
      for (let i = 0; i < 8; i++) client.ask(ApiKey.HEARTBEAT, 4, beat(`g${i}`)).catch(() => {})
      await settle(host)
      expect(parked).toHaveLength(5)
      parked[0]!.answer()
      await settle(host)
      expect(parked).toHaveLength(6)
    }),
  )

  test(
    'is read again when what was in flight is answered without a byte',
    simulated(async ({ client, appends, host }) => {
      for (let i = 0; i < 8; i++) client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await settle(host)
      expect(appends).toHaveLength(5)
      for (const { context } of [...appends]) context.reply(NO_RESPONSE)
      await settle(host)
      expect(appends).toHaveLength(8)
    }),
  )

  test(
    'is read again once its client took the responses',
    simulated(
      async ({ client, appends, host }) => {
        client.connection.pause()
        const answerAll = async () => {
          await settle(host)
          for (const { context } of appends.splice(0)) longReply(context)
        }
        for (let i = 0; i < 30; i++) {
          client.ask(ApiKey.PRODUCE, 9, batch()).catch(() => {})
          await answerAll()
        }
        client.connection.resume()
        for (let i = 0; i < 30; i++) await answerAll()
        expect(client.arrived).toHaveLength(30)
      },
      { responseBytesMax: 50_000 },
    ),
  )

  test(
    'is not cut while its client takes a little now and then',
    simulated(
      async ({ client, appends, host, listener }) => {
        for (let i = 0; i < 60; i++) client.send(ApiKey.PRODUCE, 9, batch())
        await settle(host)
        client.connection.pause()
        for (const { context } of appends) longReply(context)
        for (let taken = 0; taken < 14; taken++) {
          client.onRaw = () => client.connection.pause()
          client.connection.resume()
          await host.clock.advance(25_000)
        }
        expect(listener.connectionCount).toBe(1)
        await host.clock.advance(100_000)
        expect(listener.connectionCount).toBe(0)
      },
      { requestsInFlightMax: 100, responseBytesMax: 10_000_000 },
    ),
  )
})
