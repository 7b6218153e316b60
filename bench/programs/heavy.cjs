require('typescript');
require('./bare.cjs');
