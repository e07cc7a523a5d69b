// One request over HTTP/2 without TLS, with a Cookie field for each cookie, as browsers send them: cookies.mjs URL COOKIE...
// Prints the answer's body.
import { connect } from 'node:http2';

const [url, ...cookies] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const session = connect(origin);
session.on('error', (error) => {
  console.error(`cookies.mjs: ${error.message}`);
  process.exit(1);
});
const request = session.request({ ':path': pathname, cookie: cookies });
request.setEncoding('utf8');
let body = '';
request.on('data', (part) => { body += part; });
request.on('end', () => {
  console.log(body);
  session.close();
});
request.end();
