import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasEnoughReplicas, laggards, mayJoin } from '../../../broker/partition/isr.ts'
import {
  DEADLINE_UNKNOWN,
  type Deadlined,
  Deadlines,
  OffsetWaits,
} from '../../../broker/partition/purgatory.ts'
import { highWatermark, lastStableOffset } from '../../../broker/partition/watermark.ts'
import { virtualClock } from '../../../host/sim/clock.ts'

describe('watermarks', () => {
  test('the high watermark is the least durable end of the ISR, and never falls', () => {
    const followers = (...ends: number[]) => ends.map(durableOffset => ({ durableOffset }))
    expect(highWatermark(0, 5, [])).toBe(5)
    expect(highWatermark(0, 5, followers(3, 9))).toBe(3)
    expect(highWatermark(4, 5, followers(3))).toBe(4)
  })

  test('the last stable offset stops at the oldest undecided transaction', () => {
    expect(lastStableOffset(10, null, 0)).toBe(10)
    expect(lastStableOffset(10, 4, 0)).toBe(4)
    expect(lastStableOffset(10, 14, 0)).toBe(10)
    expect(lastStableOffset(10, 4, 6)).toBe(6)
  })
})

describe('the ISR', () => {
  const follower = (id: number, nextOffset: number, caughtUpMs: number, isAlive = true) =>
    [id, { id, nextOffset, caughtUpMs, isAlive }] as const

  test('loses those who lag for too long or are gone, never the leader', () => {
    const followers = new Map([
      follower(2, 10, 0),
      follower(3, 9, 95),
      follower(4, 9, 80),
      follower(5, 10, 99, false),
    ])
    expect(laggards([1, 2, 3, 4, 5, 6], 1, 10, followers, 100, { lagMaxMs: 10 })).toEqual([4, 5, 6])
  })

  test('takes in who has all that was committed and what its leader began with', () => {
    const [, state] = follower(2, 10, 0)
    expect(mayJoin(state, 10, 5)).toBe(true)
    expect(mayJoin(state, 11, 5)).toBe(false)
    expect(mayJoin(state, 9, 11)).toBe(false)
    expect(mayJoin({ ...state, isAlive: false }, 0, 0)).toBe(false)
  })

  test('must be large enough for acks from all', () => {
    expect(hasEnoughReplicas(1, 3, 1)).toBe(true)
    expect(hasEnoughReplicas(1, 3, 2)).toBe(false)
    // No more can be asked for than there are.
    expect(hasEnoughReplicas(1, 1, 2)).toBe(true)
    expect(hasEnoughReplicas(1, 2, 3)).toBe(false)
  })
})

describe('waits for offsets', () => {
  test('are released in order of offset, each once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.record({ add: fc.nat(50) }), fc.record({ advance: fc.nat(50) }))),
        steps => {
          const waits = new OffsetWaits<{ offset: number; reached(): void }>()
          const released: number[] = []
          let model: number[] = []
          for (const step of steps) {
            if ('add' in step) {
              const offset = step.add
              waits.add({ offset, reached: () => released.push(offset) })
              model.push(offset)
            } else {
              const before = released.length
              waits.advance(step.advance)
              const due = model.filter(offset => offset <= step.advance).sort((a, b) => a - b)
              model = model.filter(offset => offset > step.advance)
              expect(released.slice(before)).toEqual(due)
            }
            expect(waits.size).toBe(model.length)
          }
          expect(waits.drain().map(({ offset }) => offset)).toEqual(model.sort((a, b) => a - b))
          expect(waits.size).toBe(0)
        },
      ),
    )
  })
})

describe('deadlines', () => {
  function entry(timeoutMs: number, expired: () => void): Deadlined {
    return { timeoutMs, deadlineMs: DEADLINE_UNKNOWN, previous: null, next: null, expired }
  }

  test('expire once, soon after their time, never before, and not when removed', async () => {
    const clock = virtualClock()
    const deadlines = new Deadlines(clock, 50)
    const told: string[] = []
    const removed = entry(10, () => told.push('removed'))
    deadlines.add(entry(120, () => told.push('late')))
    deadlines.add(entry(20, () => told.push('early')))
    deadlines.add(removed)
    deadlines.add(removed)
    expect(deadlines.size).toBe(3)
    deadlines.remove(removed)
    deadlines.remove(removed)
    await clock.advance(99)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toEqual(['early'])
    await clock.advance(99)
    expect(told).toEqual(['early'])
    await clock.advance(1)
    expect(told).toEqual(['early', 'late'])
    expect(deadlines.size).toBe(0)
  })

  test('one that expires may settle others and add more', async () => {
    const clock = virtualClock()
    const deadlines = new Deadlines(clock, 50)
    const told: string[] = []
    const second = entry(0, () => told.push('second'))
    const first = entry(0, () => {
      told.push('first')
      deadlines.remove(second)
      deadlines.add(entry(60, () => told.push('third')))
    })
    deadlines.add(second)
    deadlines.add(first)
    await clock.advance(50)
    expect(told).toEqual(['first'])
    await clock.advance(150)
    expect(told).toEqual(['first', 'third'])
    deadlines.add(entry(0, () => told.push('never')))
    deadlines.close()
    await clock.advance(100)
    expect(told).toEqual(['first', 'third'])
  })
})
