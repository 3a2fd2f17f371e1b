import { expect, test } from 'vitest'
import { GreedCampaign, kernelLimitBytes } from '../support/greed.ts'
import { CROWDS, type Crowd } from '../support/greed-crowds.ts'

const SCALE = 1 / 10
const SECONDS = { calmSeconds: 1, crowdSeconds: 4, restSeconds: 2 }
/** A machine that others use, too, makes everything slower, but nobody wait for a crowd. */
const DELAY_MS_MAX = 2_000

test('a tenth of each crowd keeps nobody waiting and ends nothing', async () => {
  await using campaign = await GreedCampaign.start(SECONDS)
  for (const crowd of Object.keys(CROWDS) as Crowd[]) {
    const report = await campaign.run(crowd, Math.ceil(CROWDS[crowd] * SCALE))
    expect(report.isAlive, crowd).toBe(true)
    expect(report.news.connected, crowd).toBeGreaterThan(0)
    expect(report.produce.during.count, crowd).toBeGreaterThan(10)
    expect(report.produce.during.p99, crowd).toBeLessThan(DELAY_MS_MAX)
    expect(report.newcomer.p50, crowd).toBeLessThan(DELAY_MS_MAX)
    expect(report.rssBytes.peak, crowd).toBeLessThan(700e6)
    expect(report.kernelBytes.peakOfBroker, crowd).toBeLessThan(kernelLimitBytes())
  }
})
