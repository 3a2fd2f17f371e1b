import { expect, test } from 'vitest'
import { SeededRandom } from '../../host/sim/random.ts'
import { describeFlip, someFlip, tryFlip } from '../support/bit-flips.ts'
import { smallFolder } from '../support/small-folder.ts'

const FLIPS = 2500

test.each(['clean', 'unclean'] as const)(
  `${FLIPS} flipped bits of a folder after a stop that was %s: all told, nothing wrong, repaired`,
  async stop => {
    const folder = await smallFolder(stop)
    const random = new SeededRandom(`bit flips ${stop}`)
    const wrong: string[] = []
    for (let at = 0; at < FLIPS; at++) {
      const flip = someFlip(folder, random)
      const outcome = await tryFlip(folder, flip)
      wrong.push(...outcome.wrong.map(reason => `${describeFlip(flip)}: ${reason}`))
    }
    expect(wrong).toEqual([])
  },
  900_000,
)
