// Runs graphql-codegen on the schema that a signed-in user sees. Hasura shows each role another: introspected as guest it has no
// v1UpdateAccount, and as admin it has what users will be refused.
import { generate } from '@graphql-codegen/cli'
import { fileURLToPath } from 'node:url'
import { Session } from '../session.mjs'
import { GRAPHQL, signIn } from '../stand-in.mjs'

// Whoever has the admin secret needs no wallet: { 'x-hasura-admin-secret': '…', 'x-hasura-role': 'user' }.
const session = new Session(GRAPHQL)
await signIn(session)
const headers = { authorization: `Bearer ${session.tokens.accessToken}` }

// This object may as well be the codegen.ts of your app.
await generate({
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  schema: [{ [GRAPHQL]: { headers } }],
  documents: '*.graphql',
  generates: {
    'build/graphql.ts': {
      plugins: ['typescript', 'typescript-operations', 'typed-document-node'],
      config: {
        // Without these each would be `any`. All others are texts: addresses, times, ids.
        scalars: { JSONObject: 'Record<string, any>', bigint: 'number' },
        defaultScalarType: 'string',
        onlyOperationTypes: true,
        useTypeImports: true,
      },
    },
  },
  silent: true,
})
await session.logOut()
