/**
 * Flips every bit of every file of a small data folder, one at a time, and holds a broker on it to
 * what `tests/support/bit-flips.ts` says. `npm run bit-flips [-- STEP]`: every STEP-th bit.
 */
import { describeFlip, type FlipOutcome, smallFolder, tryFlip } from '../tests/support/bit-flips.ts'

const step = Number(process.argv[2] ?? 1)
let wrong = 0
for (const stop of ['clean', 'unclean'] as const) {
  const folder = await smallFolder(stop)
  for (const { path, sizeBytes } of folder.files) {
    const ends = new Map<FlipOutcome['end'], number>()
    for (let bit = 0; bit < sizeBytes * 8; bit += step) {
      const outcome = await tryFlip(folder, { path, bit })
      ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1)
      for (const reason of outcome.wrong) {
        wrong++
        console.log(`WRONG ${describeFlip(outcome.flip)}: ${reason}`)
      }
    }
    const counts = [...ends].map(([end, count]) => `${count} ${end}`).join(', ')
    console.log(`${stop} ${path} (${sizeBytes} bytes): ${counts}`)
  }
}
console.log(`${wrong} broken promises`)
process.exitCode = wrong === 0 ? 0 : 1
