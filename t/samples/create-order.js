var request = require('request');
var options = {
  'method': 'POST',
  'url': 'https://<domain>/<api prefix>/<version>/commerce/create-order/',
  'headers': {
    'apikey': '<apikey>'
  },
  body: JSON.stringify(
    {
        "products": [
            {
                "product_id": <product id>,
                "quantity":<product quantity>,
                "unit_price":<product unit price>,
                "discount":<product total dicount>,
                "total_amount":<lineitem total amount>
            }
        ],
        "address": {
            "address_first_name": "<address first name>",
            "address_last_name": "<address last name>",
            "address_mail_id": "<address email id>",
            "address_phone_number": "<address phone number>",
            "address_name_line": "<address house number>",
            "address_premise": "<address street>",
            "address_locality": "<address locality>",
            "address_postal_code": "<address post code>",
            "address_country_code": "<address country code>",
            "address_state_code": "<address state code>"
        },
        "total_amount":<total order amount>,
        "uid":"<user id>"
    }
  )

};
request(options, function (error, response) {
  if (error) throw new Error(error);
  console.log(response.body);
});
