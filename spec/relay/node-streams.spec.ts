import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, type Server as NetServer } from 'node:net';
import { Duplex, duplexPair, PassThrough } from 'node:stream';
import { TransformStream } from 'node:stream/web';
import { createBrotliCompress, createGunzip, createGzip } from 'node:zlib';
import { expect } from 'chai';
