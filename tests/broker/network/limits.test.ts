import { describe, expect, test } from 'vitest'
import { CLOSE_CONNECTION } from '../../../broker/api/api.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { batch, beat, longReply, settle, simulated } from './support.ts'

describe('a connection', () => {
  test(
    'is not read on while long answers wait behind one that is parked',
    simulated(
      async ({ client, appends, parked, host }) => {
        const first = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
        const answers: Promise<unknown>[] = []
        let answered = 0
        for (let i = 0; i < 20; i++) {
          answers.push(client.ask(ApiKey.PRODUCE, 9, batch()))
          await settle(host)
          for (; answered < appends.length; answered++) {
            longReply(appends[answered]!.context)
          }
        }
        // Four of them are above the limit; one buffer may have been read after the pause.
        expect(answered).toBeLessThan(6)
        parked[0]!.answer()
        await first
        while (answered < 20) {
          await settle(host)
          for (; answered < appends.length; answered++) {
            longReply(appends[answered]!.context)
          }
        }
        await Promise.all(answers)
      },
      { requestsInFlightMax: 100 },
    ),
  )

  test(
    'begins no request behind one that closes it, while replies in front are parked',
    simulated(async ({ client, appends, parked, host }) => {
      const first = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await settle(host)
      appends[0]!.context.reply(CLOSE_CONNECTION)
      client.send(ApiKey.PRODUCE, 9, batch(null, 0))
      await settle(host)
      expect(appends).toHaveLength(1)
      parked[0]!.answer()
      await first
      await client.closed
    }),
  )

  test(
    'is idle from its last answer on',
    simulated(async ({ client, parked, host }) => {
      const waiting = client.ask(ApiKey.HEARTBEAT, 4, beat('a'))
      await host.clock.advance(1_000_000)
      parked[0]!.answer()
      await waiting
      await host.clock.advance(400_000)
      expect(client.connection.isOpen).toBe(true)
      await host.clock.advance(400_000)
      await client.closed
    }),
  )

  test(
    'that is not read is cut when nothing is answered for too long, as its client may be gone',
    simulated(
      async ({ client, parked, host, listener }) => {
        for (const group of ['a', 'b']) client.ask(ApiKey.HEARTBEAT, 4, beat(group)).catch(() => {})
        await settle(host)
        expect(parked).toHaveLength(2)
        await host.clock.advance(500_000)
        expect(listener.connectionCount).toBe(1)
        await host.clock.advance(400_000)
        expect(listener.connectionCount).toBe(0)
      },
      { requestsInFlightMax: 2 },
    ),
  )
})
