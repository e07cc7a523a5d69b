// Judges the OpenAPI document by the schema of OpenAPI 3.1, and exchanges that took place by the document. Reads {document, exchanges}
// on standard input, an exchange being {method, path, request, status, type, answer}; prints what does not fit, and exits with 1 then.
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { readFileSync } from 'node:fs'

const { document, exchanges } = JSON.parse(readFileSync(0, 'utf8'))
const faults = []

const judged = await new Validator().validate(structuredClone(document))
if (!judged.valid) faults.push(`the document is no OpenAPI document: ${JSON.stringify(judged.errors)}`)

const ajv = new Ajv2020({ strict: false, allErrors: true })
formats(ajv)
ajv.addSchema(document, 'document')

const escaped = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1')

// The schema at a place of the document, and whether the value fits.
function fit(what, place, value) {
  const validate = ajv.compile({ $ref: `document#/${place.map(escaped).map(encodeURIComponent).join('/')}` })
  if (!validate(value)) faults.push(`${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`)
}

for (const { method, path, request, status, type, answer } of exchanges) {
  const what = `${method} ${path} ${status}`
  const operation = document.paths[path]?.[method]
  if (!operation) {
    faults.push(`${what}: it is not in the document`)
    continue
  }
  const key = [String(status), `${String(status)[0]}XX`].find((key) => key in operation.responses)
  if (!key) {
    faults.push(`${what}: no such status in the document`)
    continue
  }
  const media = type.split(';')[0]
  if (!operation.responses[key].content?.[media]) {
    faults.push(`${what}: no ${media} in the document`)
    continue
  }
  fit(`${what}, answer`, ['paths', path, method, 'responses', key, 'content', media, 'schema'], answer)
  // What was refused may have been no good request.
  const asked = operation.requestBody && status < 300
  if (asked) fit(`${what}, request`, ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'], request)
}

for (const fault of faults) console.log(fault)
process.exitCode = faults.length > 0 ? 1 : 0
