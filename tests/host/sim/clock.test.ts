import { connect, createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { virtualClock } from '../../../host/sim/clock.ts'
import { FlowingClock, standingClock } from '../../../host/sim/flowing-clock.ts'
import { realTurn } from '../../support/turns.ts'

describe('a virtual clock', () => {
  test('stands still until it is advanced', async () => {
    const clock = virtualClock({ startMs: 1_000 })
    await realTurn()
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_000, 0])
    await clock.advance(86_400_000)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([86_401_000, 86_400_000])
  })

  test('the wall clock jumps without timers or monotonic time noticing', async () => {
    const clock = virtualClock({ startMs: 10_000 })
    let fired = false
    clock.schedule(1_000, () => {
      fired = true
    })
    clock.jumpWall(-5_000)
    expect(clock.nowMs()).toBe(5_000)
    clock.jumpWall(3_600_000)
    await clock.advance(999)
    expect([fired, clock.monotonicMs()]).toEqual([false, 999])
    await clock.advance(1)
    expect(fired).toBe(true)
  })

  test('a drifting wall clock gains on monotonic time', async () => {
    const clock = virtualClock({ startMs: 0, driftPpm: 100 })
    await clock.advance(1_000_000)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_000_100, 1_000_000])
  })
})

describe('beside a real network', () => {
  let server: Server | null = null
  afterEach(() => server?.close())

  test('a server that answers by timers answers its clients while hours pass', async () => {
    const clock = virtualClock({ hop: realTurn })
    server = createServer(socket => {
      socket.on('data', () => clock.schedule(3_600_000, () => socket.end('an hour later')))
    })
    await new Promise<void>(resolve => {
      server?.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as { port: number }
    const answered = new Promise<string>(resolve => {
      const socket = connect(port, '127.0.0.1', () => socket.write('ask'))
      socket.on('data', bytes => resolve(bytes.toString()))
    })
    let answer = ''
    answered.then(text => {
      answer = text
    })
    for (let hour = 0; answer === '' && hour < 100_000; hour++) await clock.advance(3_600_000)
    expect(answer).toBe('an hour later')
  })

  test('sockets are read between two timers of one advance', async () => {
    const clock = virtualClock({ hop: realTurn })
    const heard: string[] = []
    server = createServer(socket => socket.on('data', bytes => heard.push(bytes.toString())))
    await new Promise<void>(resolve => {
      server?.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    await new Promise(resolve => socket.once('connect', resolve))
    clock.schedule(1, () => socket.write('x'))
    for (let at = 2; at < 2_000; at++) clock.schedule(at, () => {})
    await clock.advance(2_000)
    expect(heard).toEqual(['x'])
    socket.destroy()
  })
})

describe('a flowing clock', () => {
  test('keeps the pace of its base and can be moved ahead of it', async () => {
    const base = virtualClock({ startMs: 0 })
    const clock = new FlowingClock({ base, hop: realTurn })
    await base.advance(500)
    expect(clock.monotonicMs()).toBe(500)
    await clock.advance(60_000)
    expect([clock.monotonicMs(), clock.nowMs(), base.monotonicMs()]).toEqual([60_500, 60_500, 500])
  })

  test('fires timers as its base passes, and those an advance passes over, in order', async () => {
    const base = virtualClock({ startMs: 0 })
    const clock = new FlowingClock({ base, hop: realTurn })
    const ran: string[] = []
    clock.schedule(100, () => ran.push('soon'))
    clock.schedule(5_000, () => ran.push('late'))
    clock.schedule(4_000, () => ran.push('before late'))
    clock.schedule(4_500, () => ran.push('never')).cancel()
    await base.advance(100)
    expect(ran).toEqual(['soon'])
    await clock.advance(4_900)
    expect(ran).toEqual(['soon', 'before late', 'late'])
    clock.schedule(10, () => ran.push('again'))
    await base.advance(10)
    expect(ran.at(-1)).toBe('again')
  })

  test('runs upkeep and long polls once an advance, after everything else', async () => {
    const clock = new FlowingClock({ base: standingClock(0), hop: realTurn })
    const ran: string[] = []
    const everyMinute = () => {
      ran.push(`upkeep at ${clock.monotonicMs()}`)
      clock.schedule(60_000, everyMinute, 'upkeep')
    }
    clock.schedule(60_000, everyMinute, 'upkeep')
    clock.schedule(500, () => ran.push(`poll at ${clock.monotonicMs()}`), 'poll')
    clock.schedule(30_000, () => ran.push(`session at ${clock.monotonicMs()}`), 'client')
    await clock.advance(3_600_000)
    expect(ran).toEqual(['session at 30000', 'upkeep at 3600000', 'poll at 3600000'])
  })

  test('gives members a fresh session where an advance is to keep them', async () => {
    const clock = new FlowingClock({ base: standingClock(0), hop: realTurn })
    const ran: number[] = []
    clock.schedule(30_000, () => ran.push(clock.monotonicMs()), 'client')
    const left = clock.schedule(30_000, () => ran.push(-1), 'client')
    await clock.advance(3_600_000, { keepMembers: true })
    left.cancel()
    await clock.advance(29_999)
    expect(ran).toEqual([])
    await clock.advance(1)
    expect(ran).toEqual([3_630_000])
  })
})
