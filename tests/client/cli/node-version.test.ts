import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tooOld } from '../../../client/cli/node-version.ts'

test('a Node older than package.json asks for is refused by name', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(engines.node).toBe('>=24.11')
  for (const version of ['20.20.2', '24.10.9']) {
    expect(tooOld(version)).toMatch(`needs Node 24.11 or newer, this is ${version}: `)
  }
  for (const version of ['24.11.0', '25.0.0', '26.10.0']) expect(tooOld(version)).toBeNull()
})
