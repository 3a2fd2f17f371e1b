/**
 * `npm run bench -- [question...] [--seconds=5] [--warmup=10] [--rounds=3]`: one command a
 * question; without a name, all of them. `latency` also takes `--rates=1000,10000` and `--trace`.
 * Prints a table and keeps bench/results/<question>.json. Wants gcc, taskset, two cores and a built
 * `dist/`; Kafka needs Java and Maven. See bench/README.md.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { durable } from './durable.ts'
import { fetch } from './fetch.ts'
import { footprint } from './footprint.ts'
import { latency } from './latency.ts'
import { produce } from './produce.ts'
import type { Pace } from './support/compare.ts'
import { compile } from './support/load.ts'
import { workFolder } from './support/subjects.ts'
import { type Row, saveRows } from './support/table.ts'

const here = new URL('.', import.meta.url).pathname
const FLOOR_SOURCE = `${here}../../shared/tools/floor.c`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    floor: { type: 'string', default: FLOOR_SOURCE },
    rates: { type: 'string', default: '1000,10000' },
    trace: { type: 'boolean', default: false },
  },
})

const QUESTIONS: Readonly<Record<string, (pace: Pace) => Promise<Row[]>>> = {
  produce: pace => produce(pace, values.floor),
  fetch,
  durable,
  latency: pace =>
    latency({ ...pace, rates: values.rates.split(',').map(Number), isTraced: values.trace }),
  footprint: pace => footprint(pace.rounds),
}

if (!existsSync(`${here}../dist/ottla.js`)) {
  console.error('bench: dist/ottla.js is missing; run `npm run build` first')
  process.exit(2)
}
const unknown = positionals.filter(name => !Object.hasOwn(QUESTIONS, name))
if (unknown.length > 0) {
  console.error(`bench: no question ${unknown}; there are ${Object.keys(QUESTIONS).join(', ')}`)
  process.exit(2)
}
mkdirSync(`${here}results`, { recursive: true })
const pace: Pace = {
  binary: compile(`${here}support/load.c`, workFolder),
  rounds: Number(values.rounds),
  warmupS: Number(values.warmup),
  measureS: Number(values.seconds),
}
for (const [name, ask] of Object.entries(QUESTIONS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  saveRows(`${here}results/${name}.json`, await ask(pace))
}
