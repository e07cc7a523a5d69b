// How the page is built. The server sends a Content-Security-Policy without 'unsafe-inline' and with trusted types, so
// nothing may end up inline: no polyfill of module preloading, no asset as a data: address.
import { defineConfig } from 'vite'

export default defineConfig({
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
})
