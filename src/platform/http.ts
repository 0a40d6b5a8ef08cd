/**
 * Node's HTTP, got so that only what is used is loaded: an `import` reads every export, and one of them loads a whole
 * WebSocket client, which costs 50 ms and 13 MiB at each start.
 */
export const http = process.getBuiltinModule('node:http')
