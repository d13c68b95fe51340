var request = require('request');
var options = {
  'method': 'POST',
  'url': 'https://<domain>/<api prefix>/<version>/commerce/upgrade-renewal-package/',
  'headers': {
    'apikey': '<apikey>'
  },
  body: JSON.stringify(
    {
        "product_id": <product id>,
        "unit_price": <product unit price>,
        "discount": <total discount amount>,
        "order_total": <order total amount>,
        "address_first_name": "<address first name>",
        "address_last_name": "<address last name>",
        "address_mail_id": "<address email id>",
        "address_phone_number": "<address phone number>",
        "address_name_line": "<address house number>",
        "address_premise": "<address street>",
        "address_locality": "<address locality>",
        "address_postal_code": "<address post code>",
        "address_country_code": "<address country code>",
        "address_state_code": "<address state code>",
        "uid":"<user id>",
        "order_type":"<order type>"
    }
  )

};
request(options, function (error, response) {
  if (error) throw new Error(error);
  console.log(response.body);
});
