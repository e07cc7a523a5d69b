// Sends the introspection query that GraphiQL sends, builds the schema as GraphiQL does, and prints it.
// stdin: {"endpoint", "headers"}
import { buildClientSchema, getIntrospectionQuery, printSchema, validateSchema } from 'graphql'
import { text } from 'node:stream/consumers'

const { endpoint, headers } = JSON.parse(await text(process.stdin))
const query = getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true, specifiedByUrl: true })
const reply = await fetch(endpoint, {
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ query, operationName: 'IntrospectionQuery' }),
})
const { data, errors } = await reply.json()
if (errors) throw new Error(JSON.stringify(errors))
const schema = buildClientSchema(data)
const [first] = validateSchema(schema)
if (first) throw first
process.stdout.write(printSchema(schema))
