import { describe, expect, test } from 'vitest'
import { simHost } from '../../../host/sim/host.ts'
import { SeededRandom } from '../../../host/sim/random.ts'
import { Simulation } from '../../../host/sim/simulation.ts'

describe('seeded randomness', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed: string) => {
      const random = new SeededRandom(seed)
      return [random.float(), random.below(1000), random.uint32(), random.bytes(4).toString('hex')]
    }
    expect(draw('a')).toEqual(draw('a'))
    expect(draw('a')).not.toEqual(draw('b'))
  })

  test('numbers spread evenly over their range', () => {
    const random = new SeededRandom(7)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) {
      const drawn = random.below(10)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('what a fork draws does not move its parent', () => {
    const [one, other] = [new SeededRandom(1), new SeededRandom(1)]
    one.fork('part').float()
    expect(one.float()).toBe(other.float())
    expect(one.fork('a').float()).not.toBe(one.fork('b').float())
  })
})

describe('the simulation', () => {
  test('events run by time, then in the order they were scheduled', async () => {
    const { clock, simulation } = simHost({ seed: 1 })
    const ran: string[] = []
    clock.schedule(20, () => ran.push('c'))
    clock.schedule(10, () => ran.push('a'))
    clock.schedule(10, () => ran.push('b'))
    clock.schedule(15, () => ran.push('never')).cancel()
    await simulation.runUntilIdle()
    expect(ran).toEqual(['a', 'b', 'c'])
    expect(clock.monotonicMs()).toBe(20)
  })

  test('promises settle between two events at the same time', async () => {
    const { clock, simulation } = simHost({ seed: 1 })
    const ran: string[] = []
    const slowly = async () => {
      for (let i = 0; i < 5; i++) await Promise.resolve()
      ran.push('settled')
    }
    clock.schedule(1, () => void slowly())
    clock.schedule(1, () => ran.push('second'))
    await simulation.runUntilIdle()
    expect(ran).toEqual(['settled', 'second'])
  })

  test('after-turn tasks run after the event and its promises, also those they queue', async () => {
    const { clock, loop, simulation } = simHost({ seed: 1 })
    const ran: string[] = []
    clock.schedule(1, () => {
      loop.afterTurn(() => {
        ran.push('first')
        loop.afterTurn(() => ran.push('third'))
      })
      loop.afterTurn(() => ran.push('second'))
      Promise.resolve().then(() => ran.push('microtask'))
    })
    clock.schedule(1, () => ran.push('next event'))
    await simulation.runUntilIdle()
    expect(ran).toEqual(['microtask', 'first', 'second', 'third', 'next event'])
  })

  test('advance stops at its time, between timers', async () => {
    const { clock } = simHost({ seed: 1, startMs: 5_000 })
    const ran: number[] = []
    for (const ms of [10, 20, 30]) clock.schedule(ms, () => ran.push(clock.nowMs()))
    await clock.advance(25)
    expect(ran).toEqual([5_010, 5_020])
    expect(clock.nowMs()).toBe(5_025)
  })

  test('advance within a run is a wait', async () => {
    const host = simHost({ seed: 1 })
    const waited = await host.run(async () => {
      await host.clock.advance(3_600_000)
      return host.clock.monotonicMs()
    })
    expect(waited).toBe(3_600_000)
  })

  test('two that advance at once move time by the longer one', async () => {
    const { clock } = simHost({ seed: 1 })
    const ended: string[] = []
    const short = clock.advance(10).then(() => ended.push('short'))
    const long = clock.advance(30).then(() => ended.push('long'))
    await Promise.all([short, long])
    expect(clock.monotonicMs()).toBe(30)
    expect(ended.toSorted()).toEqual(['long', 'short'])
    await clock.advance(5)
    expect(clock.monotonicMs()).toBe(35)
  })

  test('a promise that nothing will ever settle is reported, not waited for', async () => {
    const host = simHost({ seed: 1 })
    await expect(host.run(new Promise(() => {}))).rejects.toThrow(/hangs at 0 ms/)
  })

  test('a spawned promise that rejects fails the run', async () => {
    const host = simHost({ seed: 1 })
    host.loop.spawn('bug', Promise.reject(new Error('oops')))
    await expect(host.clock.advance(1)).rejects.toThrow(/spawned bug failed/)
  })

  test('a task that throws fails the run', async () => {
    const host = simHost({ seed: 1 })
    host.clock.schedule(1, () => {
      throw new Error('in a timer')
    })
    await expect(host.clock.advance(1)).rejects.toThrow(/in a timer/)
  })

  test('ten thousand cancelled timers leave nothing behind', () => {
    const { clock, simulation } = simHost({ seed: 1 })
    const random = new SeededRandom(3)
    const timers = Array.from({ length: 10_000 }, () =>
      clock.schedule(random.below(1000), () => {}),
    )
    while (timers.length > 0) timers.splice(random.below(timers.length), 1)[0]?.cancel()
    expect(simulation.pendingCount).toBe(0)
  })

  test('timers of any order come out in order, whatever is cancelled in between', async () => {
    const simulation = new Simulation()
    const random = new SeededRandom('heap')
    const owner = { name: 'x', isAlive: true }
    const ran: number[] = []
    const timers = Array.from({ length: 2_000 }, () => {
      const dueMs = random.below(500)
      return simulation.schedule(dueMs, 'timer', owner, () => ran.push(dueMs))
    })
    for (const timer of timers) if (random.chance(0.5)) timer.cancel()
    await simulation.runUntilIdle()
    expect(ran).toEqual(ran.toSorted((a, b) => a - b))
    expect(ran.length).toBeGreaterThan(800)
  })
})

describe('the trace', () => {
  test('equal seeds give equal traces, other seeds others', async () => {
    const [one, same, other] = [await gossip(1), await gossip(1), await gossip(2)]
    expect(one).toEqual(same)
    expect(one.hash).not.toBe(other.hash)
  })

  test('a line tells sequence, time, host and what happened', async () => {
    const host = simHost({ seed: 1, name: 'alone' })
    host.clock.schedule(1.5, () => {})
    await host.simulation.runUntilIdle()
    expect(host.simulation.trace.lines).toEqual(['0 1.500 alone timer'])
  })
})

/** A program that draws, waits and talks to itself; returns what it left in the trace. */
async function gossip(seed: number) {
  const host = simHost({ seed })
  const { clock, net, random, simulation } = host
  const handler = {
    frameBytesMax: () => 1 << 20,
    onFrame: () => {},
    onEnd: () => {},
    onDrain: () => {},
    onClose: () => {},
  }
  await host.run(async () => {
    const listener = await net.listen({ host: '127.0.0.1', port: 0 }, () => handler)
    const { port } = listener
    const target = { host: '127.0.0.1', port, timeoutMs: 1_000 }
    const connection = await net.connect(target, handler)
    for (let i = 0; i < 50; i++) {
      const frame = Buffer.alloc(4 + random.below(100_000))
      frame.writeInt32BE(frame.length - 4)
      connection.send([frame])
      await clock.advance(random.below(5))
    }
  })
  return { hash: host.traceHash, count: simulation.trace.count, lines: [...simulation.trace.lines] }
}
