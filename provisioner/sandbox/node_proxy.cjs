// Leads Node's fetch and https through the proxy of HTTPS_PROXY. Loaded by NODE_OPTIONS=--require in a sandbox's
// environment. Node 24 and 22.21 do it themselves when NODE_USE_ENV_PROXY is set; older ones have no other way that
// needs no package: fetch's connections are made by a replaceable connector, https's by its global agent.
'use strict';
const proxy = process.env.HTTPS_PROXY || process.env.https_proxy;
if (proxy && !process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) {
  const http = require('node:http');
  const https = require('node:https');
  const tls = require('node:tls');
  const { hostname, port } = new URL(proxy);
  const direct = (process.env.NO_PROXY || process.env.no_proxy || '').split(',').map((name) => name.trim());

  const tunnel = (host, target, options, done) => {
    const request = http.request({ host: hostname, port, method: 'CONNECT', path: `${host}:${target}`, agent: false });
    request.once('error', done);
    request.once('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        done(new Error(`the proxy answers ${answer.statusCode} for ${host}`));
        return;
      }
      const secure = tls.connect({ ...options, socket, servername: options.servername || host, ALPNProtocols: ['http/1.1'] });
      secure.once('error', done);
      secure.once('secureConnect', () => {
        secure.removeListener('error', done);
        done(null, secure);
      });
    });
    request.end();
  };

  class Agent extends https.Agent {
    createConnection(options, done) {
      if (direct.includes(options.host)) return super.createConnection(options, done);
      tunnel(options.host, options.port || 443, options, done);
      return undefined;
    }
  }
  https.globalAgent = new Agent({ keepAlive: true });

  new Request('http://localhost'); // makes Node load its fetch, and with it the dispatcher
  const place = Symbol.for('undici.globalDispatcher.1');
  const Dispatcher = globalThis[place].constructor;
  const plain = globalThis[place];
  const through = new Dispatcher({
    connect: ({ hostname: host, port: target, servername }, done) => tunnel(host, target || 443, { servername }, done),
  });
  globalThis[place] = Object.create(through, {
    dispatch: {
      value: (options, handler) => {
        const { protocol, hostname: host } = new URL(String(options.origin));
        const chosen = protocol === 'https:' && !direct.includes(host) ? through : plain;
        return chosen.dispatch(options, handler);
      },
    },
  });
}
