/**
 * What the client promises, whatever broker is at the other end: run against Ottla here, and
 * against Apache Kafka in tests/compat.
 */
import { afterAll, beforeAll } from 'vitest'
import { administration } from './contract/administration.ts'
import { Bench } from './contract/bench.ts'
import { consuming } from './contract/consuming.ts'
import { groups } from './contract/groups.ts'
import { producing } from './contract/producing.ts'

/** Declares the suite. `servers` is called once the hooks of the caller have run. */
export function clientContract(servers: () => string): void {
  let bench: Bench

  beforeAll(() => {
    bench = new Bench(servers())
  })
  afterAll(() => bench?.client.close())

  for (const declare of [producing, consuming, groups, administration]) declare(() => bench)
}
