/**
 * Flips every bit of every file of a small data folder, one at a time, and holds a broker on it to
 * what `tests/support/bit-flips.ts` says. `npm run bit-flips [-- STEP [clean|unclean [PART]]]`:
 * every STEP-th bit, after one kind of stop, of the files whose path contains PART.
 */
import { describeFlip, type FlipOutcome, tryFlip } from '../tests/support/bit-flips.ts'
import { smallFolder } from '../tests/support/small-folder.ts'

const [, , stepGiven = '1', stopGiven, part = ''] = process.argv
const step = Number(stepGiven)
let wrong = 0
let tried = 0
for (const stop of ['clean', 'unclean'] as const) {
  if (stopGiven !== undefined && stopGiven !== stop) continue
  const folder = await smallFolder(stop)
  for (const { path, sizeBytes } of folder.files) {
    if (!path.includes(part)) continue
    const ends = new Map<FlipOutcome['end'], number>()
    for (let bit = 0; bit < sizeBytes * 8; bit += step) {
      const outcome = await tryFlip(folder, { path, bit })
      tried++
      ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1)
      for (const reason of outcome.wrong) {
        wrong++
        console.log(`WRONG ${stop} ${describeFlip(outcome.flip)}: ${reason}`)
      }
    }
    const counts = [...ends].map(([end, count]) => `${count} ${end}`).join(', ')
    console.log(`${stop} ${path} (${sizeBytes} bytes): ${counts}`)
  }
}
console.log(`${tried} flips, ${wrong} broken promises`)
process.exitCode = wrong === 0 ? 0 : 1
