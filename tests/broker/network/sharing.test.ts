/** What one client may take of what all share: turns of the loop, and memory for replies. */
import { describe, expect, test } from 'vitest'
import { EXCHANGE_BYTES, ReplyBudget } from '../../../broker/network/reply-budget.ts'
import { Turn } from '../../../broker/network/turn.ts'
import { simHost } from '../../../host/sim/host.ts'
import { ApiKey } from '../../../protocol/api-keys.ts'
import { WireClient } from '../wire-client.ts'
import { beat, settle, world } from './support.ts'

const IN_FLIGHT_MAX = 500

describe('a budget for replies that wait', () => {
  test('serves greedy clients one request at a time, and others as ever', async () => {
    const host = simHost({ seed: 1 })
    await host.run(async () => {
      const told: boolean[] = []
      const replies = new ReplyBudget(100 * EXCHANGE_BYTES, isSpent => told.push(isSpent))
      const limits = { requestsInFlightMax: IN_FLIGHT_MAX }
      const { listener, parked } = await world(host, limits, 9092, replies)
      const greedy: WireClient[] = []
      for (let count = 0; count < 20; count++) {
        const client = await WireClient.connect(host.net, listener.port)
        greedy.push(client)
        client.ask(ApiKey.HEARTBEAT, 4, beat('parks')).catch(() => {})
        for (let i = 0; i < 100; i++) client.ask(ApiKey.HEARTBEAT, 4, beat('now')).catch(() => {})
      }
      await settle(host)
      // One of each beyond the budget, and what one landing of the last to come in brought.
      expect(replies.usedBytes).toBeLessThan(150 * EXCHANGE_BYTES)
      expect(told).toEqual([true])
      const client = await WireClient.connect(host.net, listener.port)
      const beganMs = host.clock.monotonicMs()
      await client.ask(ApiKey.HEARTBEAT, 4, beat('now'))
      expect(host.clock.monotonicMs() - beganMs).toBeLessThan(100)
      for (let at = 0; at < parked.length; at++) {
        parked[at]?.answer()
        await settle(host)
      }
      await settle(host)
      expect(replies.usedBytes).toBe(0)
      replies.sweep()
      replies.sweep()
      expect(told).toEqual([true, false])
      for (const each of greedy) each.destroy()
    })
  })
})

describe('a turn of the loop', () => {
  test('is shared: a connection that used up its part goes on in the next', async () => {
    const host = simHost({ seed: 1 })
    await host.run(async () => {
      const order: string[] = []
      const turn = new Turn(host.loop, () => order.push('over'))
      const share = turn.share
      for (let i = 0; i < share; i++) turn.count()
      turn.wait({ onNextTurn: () => order.push('goes on') })
      expect(order).toEqual([])
      await settle(host)
      expect(order).toEqual(['over', 'goes on'])
      for (let i = 0; i < 5000; i++) turn.count()
      expect(turn.share).toBeLessThan(share / 10)
      await settle(host)
      expect(turn.share).toBe(share)
    })
  })

  test('lets some of those that paused go on, and then the next, in order', async () => {
    const host = simHost({ seed: 1 })
    await host.run(async () => {
      const turn = new Turn(host.loop, () => {})
      const resumed: number[] = []
      const tryToResume = (at: number) => {
        if (turn.mayResume()) resumed.push(at)
        else turn.wait({ onNextTurn: () => tryToResume(at) })
      }
      for (let at = 0; at < 1000; at++) tryToResume(at)
      const atOnce = resumed.length
      expect(atOnce).toBeLessThan(100)
      await host.loop.nextTurn()
      await host.loop.nextTurn()
      expect(resumed.length).toBeGreaterThan(atOnce)
      expect(resumed.length).toBeLessThan(4 * atOnce)
      // Nothing else happens in the meantime.
      for (let turns = 0; resumed.length < 1000 && turns < 100; turns++) await host.loop.nextTurn()
      expect(resumed).toEqual(Array.from({ length: 1000 }, (_, at) => at))
    })
  })
})
