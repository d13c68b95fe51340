// SPDX-License-Identifier: Apache-2.0
//
// Shows the OpenAPI document named by ?api=; the page links to all documents. It sends no request to an API and
// takes no credential.
'use strict';

(function () {
    const apiOf = (link) => new URL(link.href).searchParams.get('api');
    const links = Array.from(document.querySelectorAll('nav a'));
    const requested = new URLSearchParams(location.search).get('api');
    const current = links.find((link) => apiOf(link) === requested) || links[0];

    current.setAttribute('aria-current', 'page');
    document.title = `${current.textContent} API reference – mod_orders`;

    // The page sends no requests, so it shows neither servers nor credentials.
    const hide = () => () => null;
    const readOnly = () => ({ wrapComponents: { authorizeBtn: hide, authorizeOperationBtn: hide, ServersContainer: hide } });

    window.SwaggerUIBundle({
        domNode: document.getElementById('reference'),
        url: `openapi/${apiOf(current)}.yaml`,
        deepLinking: true,
        defaultModelExpandDepth: 3,
        defaultModelsExpandDepth: 0,
        plugins: [readOnly],
        showExtensions: true, // x-unit
        presets: [window.SwaggerUIBundle.presets.apis],
        supportedSubmitMethods: [],
        validatorUrl: null,
    });
}());
