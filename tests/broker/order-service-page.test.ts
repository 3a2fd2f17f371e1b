import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('docs/order-service.md shows the tests that are run', () => {
  const program = read('tests/broker/order-service.test.ts').replace("'../../index.ts'", "'ottla'")
  expect(read('docs/order-service.md')).toContain(`\`\`\`ts\n${program}\`\`\`\n`)
})
