// Runs graphql-codegen on an endpoint's schema and a role's documents, and prints the types it makes.
// stdin: {"endpoint", "headers", "documents"}
import { generate } from '@graphql-codegen/cli'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const { endpoint, headers, documents } = JSON.parse(await text(process.stdin))
const folder = await mkdtemp(join(tmpdir(), 'codegen-'))
try {
  const [file] = await generate(
    {
      schema: [{ [endpoint]: { headers } }],
      documents,
      generates: {
        [join(folder, 'types.ts')]: {
          plugins: ['typescript', 'typescript-operations'],
          config: { enumsAsTypes: true },
        },
      },
      silent: true,
    },
    false,
  )
  process.stdout.write(file.content)
} finally {
  await rm(folder, { recursive: true })
}
