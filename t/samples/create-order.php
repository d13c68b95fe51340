<?php

$curl = curl_init();

curl_setopt_array($curl, array(
  CURLOPT_URL => 'https://<domain>/<api prefix>/<version>/commerce/create-order/',
  CURLOPT_RETURNTRANSFER => true,
  CURLOPT_ENCODING => '',
  CURLOPT_MAXREDIRS => 10,
  CURLOPT_TIMEOUT => 0,
  CURLOPT_FOLLOWLOCATION => true,
  CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
  CURLOPT_CUSTOMREQUEST => 'POST',
  CURLOPT_POSTFIELDS =>'{
    "products": [
        {
            "product_id":<product id>,
            "quantity":<product quantity>,
            "unit_price":<product unit price>,
            "discount":<product total dicount>,
            "total_amount":<lineitem total amount>
        }
    ],
    "address":{
        "address_first_name":"<address first name>",
        "address_last_name":"<address last name>",
        "address_mail_id":"<address email id>",
        "address_phone_number":"<address phone number>",
        "address_name_line":"<address house number>",
        "address_premise":"<address street>",
        "address_locality":"<address locality>",
        "address_postal_code":"<address post code>",
        "address_country_code":"<address country code>",
        "address_state_code":"<address state code>"
    },
    "total_amount":<total order amount>,
    "uid":"<user id>"
}',
  CURLOPT_HTTPHEADER => array(
    'apikey: <apikey>'
  ),
));

$response = curl_exec($curl);

curl_close($curl);
echo $response;
