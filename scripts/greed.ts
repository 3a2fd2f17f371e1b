/**
 * Greedy crowds against the built broker at its default limits (`tests/support/greed.ts`), and how
 * a polite client fares beside them. `npm run greed [-- CROWD...]`, after `npm run build`. Exits
 * with 1 where a promise is broken: produce p99 within 3 times what it was before, memory below
 * 700 MB and back afterwards, the broker's kernel memory for sockets below a quarter of the limit.
 */
import {
  type CrowdReport,
  type Delays,
  GreedCampaign,
  kernelLimitBytes,
} from '../tests/support/greed.ts'
import { CROWDS, type Crowd } from '../tests/support/greed-crowds.ts'

const RSS_BYTES_MAX = 700e6
const RSS_RESTED_BYTES_MAX = 250e6
const P99_FACTOR_MAX = 3
const dist = new URL('../dist/ottla.js', import.meta.url).pathname

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
const delays = ({ p50, p99, max, count }: Delays) =>
  `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(1)} ms (${count})`

function print(report: CrowdReport): void {
  const { crowd, count, produce, newcomer, rssBytes, kernelBytes, news } = report
  console.log(`${crowd}: ${count} connections, ${news.connected} came, ${news.closed} were closed`)
  console.log(`  produce before  ${delays(produce.before)}`)
  console.log(`          during  ${delays(produce.during)}`)
  console.log(`          after   ${delays(produce.after)}`)
  console.log(`  a newcomer      ${delays(newcomer)}`)
  const { before, peak, rested } = rssBytes
  console.log(`  memory before ${mb(before)}, peak ${mb(peak)}, rested ${mb(rested)}`)
  const ofBroker = mb(kernelBytes.peakOfBroker)
  console.log(`  kernel memory of sockets, peak: ${mb(kernelBytes.peak)}, the broker's ${ofBroker}`)
  if (news.answers > 0) console.log(`  ${news.answers} reads of answers`)
}

function brokenBy({ produce, rssBytes, kernelBytes, isAlive }: CrowdReport): string[] {
  const broken: [boolean, string][] = [
    [!isAlive, 'the broker has gone'],
    [produce.during.p99 > produce.before.p99 * P99_FACTOR_MAX, 'produce p99 during'],
    [produce.after.p99 > produce.before.p99 * P99_FACTOR_MAX, 'produce p99 after'],
    [rssBytes.peak > RSS_BYTES_MAX, 'memory'],
    [rssBytes.rested > RSS_RESTED_BYTES_MAX, 'memory afterwards'],
    [kernelBytes.peakOfBroker > kernelLimitBytes(), 'kernel memory'],
  ]
  return broken.filter(([isBroken]) => isBroken).map(([, what]) => what)
}

const asked = process.argv.slice(2) as Crowd[]
const crowds = asked.length > 0 ? asked : (Object.keys(CROWDS) as Crowd[])
const seconds = { calmSeconds: 8, crowdSeconds: 20, restSeconds: 30 }
await using campaign = await GreedCampaign.start({ ...seconds, program: dist })
for (const crowd of crowds) {
  const report = await campaign.run(crowd, CROWDS[crowd])
  print(report)
  const broken = brokenBy(report)
  if (broken.length > 0) process.exitCode = 1
  console.log(broken.length > 0 ? `  BROKEN: ${broken.join(', ')}` : '  kept')
}
