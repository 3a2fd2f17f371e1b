import { expect, test } from 'vitest'
import { RangeCost } from '../../../host/node/range-cost.ts'

const MIB = 1 << 20

/** What `count` choices were, when each way costs what it costs. */
function choices(cost: RangeCost, count: number, sendfileMs: number, copyMs: number) {
  let sendfile = 0
  for (let at = 0; at < count; at++) {
    const way = cost.choose(MIB)
    if (way === 'sendfile') sendfile++
    cost.saw(way, MIB, MIB, way === 'sendfile' ? sendfileMs : copyMs)
  }
  return sendfile
}

test('the cheaper way is taken, the other one tried now and then', () => {
  expect(choices(new RangeCost(), 320, 0.1, 0.3)).toBeGreaterThan(300)
  expect(choices(new RangeCost(), 320, 0.5, 0.3)).toBeLessThan(20)
})

test('when the machine changes its mind so does the choice', () => {
  const cost = new RangeCost()
  choices(cost, 100, 0.1, 0.3)
  choices(cost, 100, 0.9, 0.3)
  expect(choices(cost, 100, 0.9, 0.3)).toBeLessThan(10)
})

test('one outlier does not turn the choice', () => {
  const cost = new RangeCost()
  choices(cost, 100, 0.1, 0.15)
  cost.saw('sendfile', MIB, MIB, 50)
  expect(cost.choose(MIB)).toBe('sendfile')
})

test('lengths are judged apart', () => {
  const cost = new RangeCost()
  choices(cost, 100, 0.1, 0.3)
  expect(cost.choose(64 << 10)).toBe('sendfile')
  cost.saw('sendfile', 64 << 10, 64 << 10, 1)
  expect(cost.choose(64 << 10)).toBe('copy')
  expect(cost.choose(MIB)).toBe('sendfile')
})
