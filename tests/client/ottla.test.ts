import { afterAll, beforeAll, describe } from 'vitest'
import { Broker } from '../../broker/in-process.ts'
import { clientContract } from './contract.ts'

describe('the client against Ottla', () => {
  let broker: Broker

  beforeAll(async () => {
    broker = await Broker.start()
  })
  afterAll(() => broker.stop())

  clientContract(() => broker.bootstrapServers)
})
